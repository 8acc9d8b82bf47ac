"""Attacks by what a solution's file says: none of it may run, stop the harness, or act on a terminal or a page."""

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from competition.errors import PodiumError
from competition.evaluation.environments import DependencyError, InstallationError, make_environment
from competition.evaluation.hostile.catalogue import Verdict
from competition.repository import temporary_folder
from competition.solution import Solution, read_solution

MAX_SECONDS = 3.0
ESCAPES = "\\u001b[2J\\u009b31m\\u0007\\n::error::forged\\u202e"  # as TOML writes them
MARKUP = "<script>alert(1)</script> </td><img src=x onerror=alert(1)> [click](javascript:alert(1)) [bold]"
# What must not be left of it: anywhere at all, on a page, in Markdown.
CONTROLS = ("\x1b", "\x9b", "\x07", "\u202e")
TAGS = ("<script>alert", "<img src=x")
FORBIDDEN = {"page": (*TAGS, *CONTROLS), "Markdown": (*TAGS, "](javascript:", *CONTROLS)}
DECOY = "podium-selftest-decoy"
FACTORY = "\n\ndef make_estimator(random_state, n_threads):\n    return None\n"


@dataclass(frozen=True)
class HostileFile:
    """A solution's file, and what it tries."""

    what: str
    content: bytes
    try_it: Callable[[Path], tuple[Verdict, str]]


def describe(source: str) -> str:
    """What a hostile file tries, in one line."""
    return FILES[source].what


def try_file(source: str) -> tuple[Verdict, str]:
    """Have the harness read a hostile file, and return the verdict and what led to it."""
    file = FILES[source]
    with temporary_folder("podium-selftest-") as folder:
        path = folder / "decoy" / "hostile.py"
        path.parent.mkdir()
        path.write_bytes(file.content)
        started = time.monotonic()
        try:
            seen = file.try_it(path)
        except Exception as error:  # whatever gets here would end a run of all solutions
            return "crash", f"{type(error).__name__} in the harness"
        took = time.monotonic() - started
    return seen if took < MAX_SECONDS else ("timeout", f"the harness took {took:.0f} s to read it")


# --- ways to try ---


def _read(path: Path) -> tuple[Verdict, str]:
    try:
        read_solution(path)
    except PodiumError as error:
        if not str(error).isprintable():
            return "OPEN", "control characters of it are in the message"
        return "refused", str(error)
    return "OPEN", "it is accepted"


def _show(path: Path) -> tuple[Verdict, str]:
    for form, text in _boards(read_solution(path)):
        live = [ascii(part) for part in FORBIDDEN.get(form, CONTROLS) if part in text]
        if live:
            return "OPEN", f"{', '.join(live)} stands in the board's {form}"
    return "held", ""


def _install(path: Path) -> tuple[Verdict, str]:
    """Ask for a package of which there is the source alone, whose build would leave a mark."""
    (requirement,) = read_solution(path).requirements
    mark = path.with_name("built")
    source_distribution(path.parent, mark)
    with _environment(UV_FIND_LINKS=str(path.parent), UV_OFFLINE="1"):
        try:
            make_environment([Requirement(str(requirement))], path.with_name("environments"))
        except (DependencyError, InstallationError) as error:
            return ("OPEN", "its code ran") if mark.exists() else ("refused", str(error))
        except PodiumError as error:
            return "not tried", str(error)
    return "OPEN", "it was installed"


def _boards(solution: Solution) -> Iterator[tuple[str, str]]:
    """Every form of a board with a solution on it, one that works and one that failed."""
    # A board is made of results, and this alone looks the other way: from a solution at the boards that show it.
    from rich.console import Console

    from competition.board import markdown, terminal
    from competition.board.files import to_csv, to_json
    from competition.board.site import Contest, render
    from competition.evaluation.hostile.board import example

    board = example(solution)
    for _, page in render([Contest(board, {"ranked": solution.source})]):
        yield "page", page
    yield "Markdown", markdown.render(board)
    yield "CSV", to_csv(board)
    yield "JSON", to_json(board)
    console = Console(file=io.StringIO(), width=200, color_system=None, force_terminal=False)
    console.print(terminal.render(board, console))
    assert isinstance(console.file, io.StringIO)
    yield "terminal", console.file.getvalue()


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def source_distribution(folder: Path, mark: Path) -> None:
    """Make a package of which there is the source alone; building it leaves a mark."""
    name = f"{DECOY.replace('-', '_')}-1.0"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {DECOY}\nVersion: 1.0\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{DECOY}"\nversion = "1.0"\n',
        "backend.py": f"open({str(mark)!r}, 'w').close()\n",
    }
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


# --- the files ---


def _file(
    dependencies: str = "",
    *,
    python: str = ">=3.11",
    title: str = "t",
    top: str = "",
    more: str = "",
    docstring: str = "It says why.",
    body: str = FACTORY,
) -> bytes:
    lines = [
        "# /// script",
        f'# requires-python = "{python}"',
        f"# dependencies = [{dependencies}]",
        *(f"# {line}" for line in top.splitlines()),
        "# [tool.podium]",
        f'# title = "{title}"',
        '# authors = ["a"]',
        *(f"# {line}" for line in more.splitlines()),
        "# ///",
    ]
    return ("\n".join(lines) + f'\n"""{docstring}"""{body}').encode()


def _table() -> Iterator[tuple[str, HostileFile]]:
    refused = {
        "index address": ("has packages come from an index of its own", _file(top='[tool.uv]\nindex-url = "http://x"')),
        "index table": ("names an index of its own", _file(top='[[tool.uv.index]]\nurl = "http://x"')),
        "index option": ("passes an option to the installer", _file('"--index-url=http://x", "numpy"')),
        "installer option": ("hides an option behind a name", _file('"numpy --config-settings=x"')),
        "URL": ("depends on an archive at an address", _file('"decoy @ https://example.invalid/decoy.tar.gz"')),
        "file URL": ("depends on a file of the maintainer's", _file('"decoy @ file:///etc/passwd"')),
        "path": ("depends on a folder", _file('"./decoy"')),
        "repository URL": ("depends on a git repository", _file('"git+https://example.invalid/decoy"')),
        "extras": ("asks for extras", _file('"numpy[everything]"')),
        "marker": ("depends on what machine it is", _file("\"numpy; os_name == 'posix'\"")),
        "oversized": ("carries the labels in its file", _file(body=FACTORY + f"LABELS = '{'01' * 40_000}'\n")),
        "nested TOML": ("nests its header too deeply to be read", _file(more=f"tags = {'[' * 3_000}")),
        "quadratic TOML": ("takes for ever to be read: a key of parts", _file(more=f"{'a.' * 28_000}a = 1")),
        "huge number": ("has a number that Python refuses to read", _file(more=f"a = {'9' * 4_500}")),
        "huge version": ("asks for a version that Python refuses to read", _file(python=f">={'9' * 4_500}")),
        "nested marker": ("nests a dependency too deeply", _file(f'"numpy; {"(" * 3_000}"')),
        "many headers": ("begins its header thousands of times", b"# /// script\n" * 5_000 + FACTORY.encode()),
        "nested source": ("nests its text too deeply", _file(body=f"{FACTORY}x = {'-' * 50_000}1\n")),
        "long chain": ("chains operators past the parser", _file(body=f"{FACTORY}x = a{'.a' * 28_000}\n")),
        "no text": ("is no text", _file(body=f"{FACTORY}\0")),
        "escapes in a key": ("moves the cursor by a key of its header", _file(more=f'"{ESCAPES}" = 1')),
        "escapes in a dependency": ("moves the cursor by a dependency", _file(f'"{ESCAPES}"')),
        "escapes in a version": ("moves the cursor by a version", _file(python=ESCAPES)),
        "escapes in a disclosure": ("moves the cursor by a value", _file(more=f'disclosure = {{ "{ESCAPES}" = 2 }}')),
    }
    for name, (what, content) in refused.items():
        yield name, HostileFile(what, content, _read)
    markup = MARKUP + "\x1b[2J\x9b31m\x07\u202e"
    yield "docstring", HostileFile("has script and terminal escapes in its docstring", _file(docstring=markup), _show)
    yield (
        "title",
        HostileFile(
            "has script and terminal escapes in its title", _file(title=f"<script>alert(1)</script>{ESCAPES}"), _show
        ),
    )
    yield (
        "source distribution",
        HostileFile("depends on a package whose installation runs code", _file(f'"{DECOY}"'), _install),
    )


FILES: dict[str, HostileFile] = dict(_table())
