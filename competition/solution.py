"""Find solutions and read what they say of themselves, as text: no solution ever runs in the harness's own process."""

import ast
import platform
import re
import tomllib
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from competition.definition import Competition
from competition.errors import PodiumError, nearest
from competition.packages import installed_version
from competition.repository import Repository

MAX_BYTES = 64 * 1024
NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_HEADER = 4_000
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where statements hold others
_START = re.compile(r"# /// [a-zA-Z0-9-]+")


class Metadata(BaseModel):
    """``[tool.podium]`` of a solution's header.

    Parameters
    ----------
    columns : tuple of str
        Feature columns that the solution cannot do without; it is borrowed only where they exist.
    threads : int
        Threads that it needs; refused where the competition gives fewer.
    memory_gb : float
        Memory that it needs, in 10⁹ bytes; refused where the competition gives less.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: Annotated[str, Field(min_length=1, max_length=120)]
    authors: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(min_length=1)]
    tags: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)], ...] = ()
    disclosure: dict[str, bool] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()
    threads: Annotated[int, Field(ge=1)] = 1
    memory_gb: Annotated[float, Field(gt=0)] = 0.1


@dataclass(frozen=True)
class Solution:
    """One entry.

    Parameters
    ----------
    name : str
        The file's name without ``.py``.
    origin : str
        The competition in whose folder the file lies.
    source : str
        The file's text.
    metadata : Metadata
        From its header.
    requirements : tuple of Requirement
        Dependencies, names with version specifiers.
    docstring : str
        Why it should work.
    imports : tuple of str
        Modules that it imports, wherever in the file.
    """

    name: str
    origin: str
    source: str
    metadata: Metadata
    requirements: tuple[Requirement, ...]
    docstring: str
    imports: tuple[str, ...]

    @property
    def file(self) -> str:
        """Path in the repository."""
        return f"solutions/{self.origin}/{self.name}.py"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file, 16 hexadecimal digits."""
        return source_fingerprint(self.source.encode())

    @property
    def unmet(self) -> list[str]:
        """Requirements that the running environment does not meet."""
        return [str(requirement) for requirement in self.requirements if not _met(requirement)]


def source_fingerprint(content: bytes) -> str:
    """SHA-256 of a solution's file, 16 hexadecimal digits."""
    return sha256(content).hexdigest()[:16]


def read_solution(path: Path) -> Solution:
    """Read a solution's file without running it.

    Raises
    ------
    PodiumError
        In one line: no header, a syntax error, no ``make_estimator``, too large, a dependency that is not allowed.
    """
    where = f"{path.parent.name}/{path.name}"
    if not NAME.fullmatch(path.stem):
        raise PodiumError(f"{where}: a solution's file name is lower-case letters, digits and underscores")
    if path.is_symlink() or not path.is_file():
        raise PodiumError(f"{where}: is no plain file")
    if path.stat().st_size > MAX_BYTES:
        raise PodiumError(f"{where}: {path.stat().st_size:,} bytes; a solution has at most {MAX_BYTES:,}")
    raw = path.read_bytes()
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PodiumError(f"{where}: not UTF-8 text (byte {error.start})") from None
    tree = _parse(source, where)
    metadata, requirements = _read_header(source, where)
    return Solution(
        name=path.stem,
        origin=path.parent.name,
        source=source,
        metadata=metadata,
        requirements=requirements,
        docstring=ast.get_docstring(tree) or "",
        imports=tuple(_imports(tree)),
    )


def _parse(source: str, where: str) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape, say: the author's affair
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        what = getattr(error, "msg", str(error)) or "nested too deeply"
        raise PodiumError(f"{where}: syntax error{f' in line {line}' if line else ''}: {what}") from None
    factory = next((node for node in tree.body if _defines_factory(node)), None)
    if factory is None:
        raise PodiumError(f"{where}: has no function make_estimator(random_state, n_threads)")
    if isinstance(factory, ast.FunctionDef):
        names = [argument.arg for argument in (*factory.args.posonlyargs, *factory.args.args, *factory.args.kwonlyargs)]
        if names != ["random_state", "n_threads"]:
            raise PodiumError(f"{where}: make_estimator takes ({', '.join(names)}); allowed: (random_state, n_threads)")
    return tree


def _defines_factory(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "make_estimator"
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "make_estimator" for target in node.targets)
    return False


def _imports(tree: ast.Module) -> list[str]:
    """Modules that are imported anywhere, in functions too, but for what only a type checker imports."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        blocks = ("orelse",) if _is_for_type_checkers(node) else BLOCKS
        waiting += [inner for block in blocks for inner in getattr(node, block, ())]
    return sorted(found)


def _is_for_type_checkers(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _read_header(source: str, where: str) -> tuple[Metadata, tuple[Requirement, ...]]:
    """Read the PEP 723 block."""
    blocks = _blocks(source.replace("\r\n", "\n").split("\n"))
    if len(blocks) != 1:
        found = "no" if not blocks else "more than one"
        raise PodiumError(f"{where}: {found} header (# /// script ... # ///)", "see `podium new solution`")
    text = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in blocks[0])
    # Parsers of TOML and of versions take quadratic time, or end in a RecursionError, on what a stranger may write.
    if len(text) > MAX_HEADER:
        raise PodiumError(f"{where}: the header has {len(text):,} characters; allowed: at most {MAX_HEADER:,}")
    try:
        header = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else _one_line(error)
        raise PodiumError(f"{where}: the header is not valid TOML: {why}") from None
    allowed = ("requires-python", "dependencies", "tool")
    for key in header:
        if key not in allowed:
            raise PodiumError(f"{where}: header: unknown key '{_short(key)}'", nearest(key, allowed))
    _check_python(header.get("requires-python", ""), where)
    return _metadata(header, where), _requirements(header.get("dependencies", []), where)


def _blocks(lines: list[str]) -> list[list[str]]:
    """Contents of the blocks of type ``script``, found as PEP 723 says: a block ends at the last ``# ///`` in a row."""
    blocks = []
    start = 0
    while start < len(lines):
        if not _START.fullmatch(lines[start]):
            start += 1
            continue
        end = start + 1
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        last = next((at for at in range(end - 1, start, -1) if lines[at] == "# ///"), None)
        if last is not None and lines[start] == "# /// script":
            blocks.append(lines[start + 1 : last])
        start = end
    return blocks


def _one_line(error: Exception) -> str:
    return _short(" ".join(str(error).split()))


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _check_python(specifier: Any, where: str) -> None:
    """Refuse a solution that asks for another Python than the one that would run it."""
    running = platform.python_version()
    try:
        is_met = SpecifierSet(specifier).contains(running, prereleases=True)
    except (InvalidSpecifier, TypeError, ValueError, AttributeError):
        found = _short(repr(specifier))
        raise PodiumError(f"{where}: header: requires-python: found {found}; allowed: such as '>=3.11'") from None
    if not is_met:
        raise PodiumError(
            f"{where}: header: requires-python: asks for {_short(str(specifier))}, and this is Python {running}"
        )


def _metadata(header: dict[str, Any], where: str) -> Metadata:
    tool = header.get("tool")
    if not isinstance(tool, dict) or set(tool) != {"podium"} or not isinstance(tool["podium"], dict):
        raise PodiumError(f"{where}: header: needs one table [tool.podium], and no other tool's")
    try:
        return Metadata.model_validate(tool["podium"])
    except ValidationError as error:
        mistake: Any = error.errors()[0]
        key = ".".join(str(part) for part in mistake["loc"])
        if mistake["type"] == "extra_forbidden":
            raise PodiumError(f"{where}: header: unknown key '{key}'", nearest(key, Metadata.model_fields)) from None
        raise PodiumError(f"{where}: header: {key}: {mistake['msg'][:1].lower()}{mistake['msg'][1:]}") from None


def _requirements(dependencies: Any, where: str) -> tuple[Requirement, ...]:
    if not isinstance(dependencies, list):
        raise PodiumError(f"{where}: header: dependencies must be a list")
    parsed = []
    for text in dependencies:
        try:
            requirement = _requirement(text)
        except (InvalidRequirement, TypeError, ValueError, RecursionError):
            raise PodiumError(
                f"{where}: header: '{_short(str(text))}' is no dependency; allowed: names with version specifiers"
            ) from None
        if requirement.url or requirement.extras or requirement.marker:
            raise PodiumError(
                f"{where}: header: '{text}' has a URL, extras or a marker; allowed: names with version specifiers"
            )
        parsed.append(requirement)
    return tuple(parsed)


@cache
def _requirement(text: str) -> Requirement:
    """Parse a dependency; many solutions name the same."""
    return Requirement(text)


def _met(requirement: Requirement) -> bool:
    installed = installed_version(requirement.name)
    return installed is not None and requirement.specifier.contains(installed, prereleases=True)


# --- the solutions of a competition ---


def find_solutions(repository: Repository, definition: Competition, features: Collection[str]) -> dict[str, Path]:
    """Find the entries of a competition: its own, and the borrowed ones whose columns it has and whose needs it meets.

    Parameters
    ----------
    features : collection of str
        The competition's feature columns; empty where they are not known yet, which borrows everything.

    Returns
    -------
    dict
        Path by name, sorted by name; an own entry hides a borrowed one of the same name.
    """
    found: dict[str, Path] = {}
    for origin in reversed((definition.slug, *definition.solutions.borrow)):
        folder = repository.solutions(origin)
        if not folder.is_dir() and origin != definition.slug:
            raise PodiumError(f"solutions.borrow: there is no folder {folder}", nearest(origin, repository.slugs))
        for path in sorted(folder.glob("*.py")):
            if origin == definition.slug or _can_be_borrowed(path, features, definition):
                found[path.stem] = path
    return dict(sorted(found.items()))


def _can_be_borrowed(path: Path, features: Collection[str], definition: Competition) -> bool:
    try:
        about = read_solution(path).metadata
    except PodiumError:
        return True  # a broken file is told where it is evaluated
    limits = definition.limits
    fits = about.threads <= limits.threads and about.memory_gb <= limits.memory_gb
    return fits and (not features or set(about.columns) <= set(features))


def choose_solutions(
    repository: Repository, definition: Competition, features: Collection[str], names: Collection[str]
) -> list[Solution]:
    """Read the named solutions, or all of them where none is named.

    Raises
    ------
    PodiumError
        If a name is unknown, there is none at all, a file is broken or asks for more than the competition's limits.
    """
    paths = find_solutions(repository, definition, features)
    if not paths:
        raise PodiumError(
            f"'{definition.slug}' has no solutions", f"`podium new solution {definition.slug}/NAME` makes one"
        )
    wanted = dict.fromkeys(name.removesuffix(".py").split("/")[-1] for name in names)
    for name in wanted:
        if name not in paths:
            raise PodiumError(f"there is no solution '{name}' for '{definition.slug}'", nearest(name, paths))
    chosen = [read_solution(paths[name]) for name in wanted or paths]
    for solution in chosen:
        _check_needs(solution, definition)
    return chosen


def _check_needs(solution: Solution, definition: Competition) -> None:
    """Refuse a solution that asks for more than every trial gets."""
    for name in ("threads", "memory_gb"):
        asked, given = getattr(solution.metadata, name), getattr(definition.limits, name)
        if asked > given:
            raise PodiumError(
                f"{solution.file}: header: {name}: asks for {asked:g}; "
                f"allowed: at most {given:g}, the limit of '{definition.slug}'"
            )
