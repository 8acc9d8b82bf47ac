"""Packages are made by hand, so that nothing here needs an index."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from shlex import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from competition.errors import PodiumError
from competition.evaluation import enclosure, environments, installer
from competition.evaluation.environments import (
    DependencyError,
    Environment,
    InstallationError,
    make_environment,
    prune,
    stored_environments,
)
from competition.evaluation.sandbox import landlock

Make = Callable[..., Environment]
AGES = timedelta(days=1000)
NO_TIME = timedelta(0)


def write_wheel(
    folder: Path, name: str, version: str = "1.0", files: dict[str, str] | None = None, requires: tuple[str, ...] = ()
) -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = dict(files if files is not None else {f"{name.replace('-', '_')}.py": f"VERSION = {version!r}\n"})
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    content[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    digests = {
        path: base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in content.items()
    }
    record = "".join(f"{path},sha256={digest},{len(content[path].encode())}\n" for path, digest in digests.items())
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(path, text)


def write_source_distribution(folder: Path, name: str, code: str) -> None:
    """Write one whose building runs `code`, and needs no other package."""
    backend = '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
    files = {
        "setup.py": code,
        "pyproject.toml": backend,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uv")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv_cache: Path) -> Path:
    """Make a folder that uv takes packages from, and no index; every trial needs ``needed>=1``."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "needed", "1.5")
    monkeypatch.setattr(environments, "NEEDED_BY_TRIAL", ("needed>=1",))
    for name in [name for name in os.environ if name.startswith(("UV_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")
    # Wheels of one name differ from test to test, and uv caches those of a local folder by their path.
    monkeypatch.setenv("UV_CACHE_DIR", str(uv_cache))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "environments"


@pytest.fixture
def make(folder: Path, wheels: Path) -> Iterator[Make]:
    yield lambda *texts: make_environment([Requirement(text) for text in texts], folder)
    for path in [path for path in environments._locks if path.parent == folder]:
        os.close(environments._locks.pop(path))


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shut uv in by nothing, so that whatever it ran could leave its mark."""
    monkeypatch.setattr(installer, "WAYS", ("none",))


def other_process(
    folder: Path, *requirements: str, uv: Path | None = None, first: str = "", then: str = ""
) -> subprocess.Popen[str]:
    """Make an environment in another process, plainly, with the same settings."""
    code = f"""
import sys
from pathlib import Path
from packaging.requirements import Requirement
from competition.evaluation import enclosure, environments, installer
environments.NEEDED_BY_TRIAL = {environments.NEEDED_BY_TRIAL!r}
installer.WAYS = ("none",)
if {uv is not None}:
    installer.find_uv = lambda: {str(uv)!r}
{first}
made = environments.make_environment([Requirement(text) for text in {requirements!r}], Path({str(folder)!r}))
print(made.packages, flush=True)
{then}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)


def wrap_uv(tmp_path: Path, before_install: str) -> Path:
    """Write a uv that does something before it installs; `$here` is its folder."""
    wrapper = tmp_path / "uv-wrapper"
    condition = 'case " $* " in *" --compile-bytecode "*)'
    here, uv = quote(str(tmp_path)), quote(str(installer.find_uv()))
    wrapper.write_text(f'#!/bin/sh\nhere={here}\n{condition}\n{before_install}\n;; esac\nexec {uv} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.02)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# --- what is installed ---


def test_installs_wheels_that_can_be_used(make: Make, wheels: Path) -> None:
    write_wheel(wheels, "Alpha.Thing", "1.0", {"alpha.py": "from beta import VERSION\n"}, ("beta<2",))
    write_wheel(wheels, "beta", "1.9.0")
    write_wheel(wheels, "beta", "2.0")

    made = make("alpha-thing")

    assert made.packages == {"alpha-thing": "1.0", "beta": "1.9.0", "needed": "1.5"}
    assert (made.site_packages / "__pycache__" / f"alpha.{sys.implementation.cache_tag}.pyc").is_file()
    code = "import sys; sys.path.append(sys.argv[1]); import alpha, needed; print(alpha.VERSION, needed.VERSION)"
    command = [sys.executable, "-I", "-S", "-c", code, str(made.site_packages)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["1.9.0", "1.5"]


def test_tells_what_it_made(make: Make, wheels: Path, folder: Path) -> None:
    write_wheel(wheels, "alpha", "1.0")
    made = make("alpha>=0.5,<2", "needed")

    record = json.loads((made.site_packages.parent / "environment.json").read_text())
    assert record["requirements"] == ["alpha<2,>=0.5", "needed"]
    assert record["packages"] == made.packages
    assert record["installed_under"] in enclosure.WAYS
    assert sys.version.split()[0] in record["python"]
    assert leftovers(folder) == [made.site_packages.parent.name]


@pytest.mark.skipif(sys.platform != "linux", reason="xgboost-cpu stands in on Linux alone")
def test_installs_what_stands_in_for_a_package(make: Make, wheels: Path) -> None:
    write_wheel(wheels, "xgboost-cpu", "3.0", {"xgboost/__init__.py": ""})

    assert make("XGBoost>=2").packages == {"needed": "1.5", "xgboost-cpu": "3.0"}


@pytest.mark.slow
def test_installs_from_the_index(folder: Path) -> None:
    made = make_environment([Requirement("tabulate>=0.9")], folder)

    assert {"numpy", "pandas", "tabulate"} <= made.packages.keys()
    code = "import sys; sys.path.append(sys.argv[1]); import pandas, tabulate; print(pandas.__version__)"
    command = [sys.executable, "-I", "-S", "-c", code, str(made.site_packages)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == made.packages["pandas"]


# --- what runs nothing ---


def test_never_runs_a_source_distribution(make: Make, wheels: Path, tmp_path: Path, plainly: None) -> None:
    mark = tmp_path / "ran"
    write_source_distribution(wheels, "sourced", f"open({str(mark)!r}, 'w')\n")

    with pytest.raises(DependencyError, match=r"sourced==1\.0 has no usable wheels"):
        make("sourced")
    assert not mark.exists()


def test_never_runs_the_source_distribution_that_a_wheel_needs(
    make: Make, wheels: Path, tmp_path: Path, plainly: None
) -> None:
    mark = tmp_path / "ran"
    write_source_distribution(wheels, "sourced", f"open({str(mark)!r}, 'w')\n")
    write_wheel(wheels, "alpha", requires=("sourced",))

    with pytest.raises(DependencyError, match="sourced"):
        make("alpha")
    assert not mark.exists()


@pytest.mark.parametrize("address", ["https://example.org/beta-1.0-py3-none-any.whl", "git+https://example.org/b.git"])
def test_refuses_an_address_inside_a_wheel(make: Make, wheels: Path, address: str) -> None:
    write_wheel(wheels, "alpha", requires=(f"beta @ {address}",))

    with pytest.raises(DependencyError, match="URL dependenc") as caught:
        make("alpha")
    assert "example.org" not in str(caught.value)


def test_runs_nothing_of_a_hostile_wheel(make: Make, wheels: Path, tmp_path: Path, plainly: None) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w')\n"
    write_wheel(
        wheels,
        "evil",
        files={
            "evil.pth": f"import sys; {code}",
            **dict.fromkeys(("sitecustomize.py", "compileall.py", "needed.py", "encodings.py"), code),
            "evil-1.0.data/scripts/uv": f"#!/bin/sh\ntouch {mark}\n",
            "../../../../outside.py": code,
        },
    )

    made = make("evil")

    assert made.packages == {"evil": "1.0", "needed": "1.5"}
    assert (made.site_packages / "evil.pth").is_file()
    assert not mark.exists()
    assert not list(tmp_path.rglob("outside.py"))


def test_refuses_a_package_that_calls_itself_like_another(make: Make, wheels: Path, folder: Path) -> None:
    smuggled = {"evil-1.0.data/purelib/Needed-9.dist-info/METADATA": "Name: Needed\nVersion: 9\n"}
    write_wheel(wheels, "evil", files=smuggled)

    with pytest.raises(DependencyError, match="two packages call themselves 'needed'"):
        make("evil")
    assert leftovers(folder) == []


def test_refuses_a_version_that_is_none(make: Make, wheels: Path) -> None:
    smuggled = {"evil-1.0.data/purelib/extra-1.dist-info/METADATA": "Name: extra\nVersion: <script>\n"}
    write_wheel(wheels, "evil", files=smuggled)

    with pytest.raises(DependencyError, match="a package has a version that is none"):
        make("evil")


def test_refuses_a_gigantic_file(make: Make, wheels: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "MAX_FILE_BYTES", 1_000_000)
    write_wheel(wheels, "bomb", files={"bomb.bin": "0" * 2_000_000})

    with pytest.raises(DependencyError, match="File too large"):
        make("bomb")
    assert leftovers(folder) == []


# --- where uv is shut in ---


@pytest.mark.parametrize("way", ["bubblewrap", "landlock"])
def test_uv_finds_nothing_of_ours(
    way: enclosure.Way, make: Make, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "WAYS", (way, "none"))
    write_wheel(wheels, "alpha")
    record = json.loads((make("alpha").site_packages.parent / "environment.json").read_text())
    if way == "landlock" and landlock.abi():
        assert record["installed_under"] == way
    elif record["installed_under"] != way:
        pytest.skip(f"this machine cannot shut uv in with {way}")

    secret, allowed = tmp_path / "secret", tmp_path / "allowed"
    secret.write_text("0")
    allowed.mkdir()
    python = os.path.realpath(sys._base_executable)
    reach = installer._reach(installer.find_uv() or "", python, installer._environment(allowed), [str(allowed)])
    code = """
import sys
secret, allowed, harness = sys.argv[1:]
for path, mode in [(secret, "r"), (secret, "w"), (harness, "r"), (harness, "a"), ("/etc/passwd", "r"), (allowed, "w")]:
    try:
        open(path, mode)
        print("open")
    except OSError:
        print("shut")
"""
    arguments = [str(secret), str(allowed / "new"), installer.__file__]
    command = enclosure.shut_in(way, [python, "-I", "-S", "-c", code, *arguments], reach)
    seen = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", env={}).stdout.split()

    assert seen == ["shut"] * 5 + ["open"]
    assert secret.read_text() == "0"


@pytest.mark.parametrize("way", enclosure.WAYS)
def test_no_file_is_larger_than_the_limit(way: enclosure.Way, tmp_path: Path) -> None:
    large = tmp_path / "large"
    code = f"open({str(large)!r}, 'wb').write(b'0' * 5000)"
    program = [os.path.realpath(sys._base_executable), "-I", "-S", "-c", code]
    reach = installer._reach(program[0], program[0], installer._environment(tmp_path), [str(tmp_path)])
    command = enclosure.shut_in(way, program, replace(reach, file_bytes=3000))
    subprocess.run(command, cwd="/", env={})

    if way != "none" and not large.exists():
        pytest.skip(f"this machine cannot shut a program in with {way}")
    assert large.stat().st_size == 3000


def test_a_program_that_does_not_start_is_told_in_one_line() -> None:
    command = enclosure.shut_in("none", ["/nowhere/uv"], enclosure.Reach((), (), (), 0))
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 1
    assert installer.one_line(done.stderr) == "(path) does not start: No such file or directory (os error 2)"
    assert not installer.is_packages_fault(done.stderr)


@pytest.mark.parametrize(("file", "table"), [("uv.toml", "pip"), ("pyproject.toml", "tool.uv.pip")])
def test_settings_of_the_folder_it_is_called_in_are_not_read(
    make: Make, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plainly: None, file: str, table: str
) -> None:
    write_wheel(wheels, "alpha")
    (tmp_path / file).write_text(f"[{table}]\nrequire-hashes = true\n")
    monkeypatch.chdir(tmp_path)

    assert make("alpha").packages["alpha"] == "1.0"


def test_settings_of_the_user_are_read(
    make: Make, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels, "alpha")
    (tmp_path / "config" / "uv").mkdir(parents=True)
    (tmp_path / "config" / "uv" / "uv.toml").write_text(f'find-links = ["{wheels.as_uri()}"]\n')
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    assert make("alpha").packages["alpha"] == "1.0"


def test_a_relative_path_in_a_variable_is_meant_from_where_podium_was_called(
    make: Make, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels, "alpha")
    monkeypatch.chdir(wheels.parent)
    monkeypatch.setenv("UV_FIND_LINKS", wheels.name)

    assert make("alpha").packages["alpha"] == "1.0"


def test_packages_come_from_several_folders(
    make: Make, wheels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    more = tmp_path / "with a space"
    more.mkdir()
    write_wheel(more, "alpha")
    write_wheel(wheels, "beta")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_FIND_LINKS", f"{more.name},{wheels.as_uri()}")

    assert {"alpha", "beta", "needed"} <= make("alpha", "beta").packages.keys()


def test_uv_is_told_no_secret_and_no_other_target(
    make: Make, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plainly: None
) -> None:
    write_wheel(wheels, "alpha")
    uv = wrap_uv(tmp_path, 'env > "$here/seen"')
    monkeypatch.setattr(installer, "find_uv", lambda: str(uv))
    for name in ("GITHUB_TOKEN", "UV_REQUIRE_HASHES", "UV_MANAGED_PYTHON", "UV_PROJECT", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")

    make("alpha")

    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    assert seen["UV_HTTP_TIMEOUT"] == "7"
    assert not {"GITHUB_TOKEN", "UV_REQUIRE_HASHES", "UV_MANAGED_PYTHON", "UV_PROJECT", "PYTHONPATH"} & seen.keys()


# --- whose fault it is, in one line ---


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        (["alpha", "beta<2"], "alpha depend on beta>=2"),
        (["alpha>3"], "you require alpha>3"),
        (["needed<1"], "every trial needs needed>=1"),
        (["wrong"], "Wheel version does not match filename"),
        (["file-clash", "folder-clash"], "Failed to install: "),
    ],
)
def test_a_dependency_that_cannot_be_installed(
    make: Make, wheels: Path, folder: Path, tmp_path: Path, requirements: list[str], said: str
) -> None:
    write_wheel(wheels, "alpha", requires=("beta>=2",))
    write_wheel(wheels, "beta", "1.0")
    write_wheel(wheels, "beta", "2.0")
    write_wheel(wheels, "file-clash", files={"clash": ""})
    write_wheel(wheels, "folder-clash", files={"clash/x": ""})
    write_wheel(wheels, "wrong", "1.0")
    (wheels / "wrong-1.0-py3-none-any.whl").rename(wheels / "wrong-2.0-py3-none-any.whl")

    with pytest.raises(DependencyError) as caught:
        make(*requirements)

    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert leftovers(folder) == []


# As uv 0.13 and, with frames, uv 0.7 say it.
SAID = {
    "disk full": """Resolved 1 package in 5ms
error: Failed to install: big-1.0-py3-none-any.whl (big==1.0)
  cause: Failed to copy to `/repository/.podium/x/big.bin`
  cause: failed to copy file from /cache/a/big.bin to /repository/x: No space left on device (os error 28)
""",
    "no right": """error: An index URL (https://user:secret@index.example/simple) returned a 403 Forbidden error.""",
    "broken off": """warning: Failed to load a certificate
error: Failed to download `big==1.0`
  cause: Failed to write to the distribution cache
  cause: error reading a body from connection
  cause: end of file before message length reached
""",
    "conflict": """Using CPython 3.11.7 interpreter at: /usr/bin/python3.11
  × No solution found when resolving dependencies:
  ╰─▶ Because only alpha==1.0 is available and alpha==1.0 depends on
      beta>=2, we can conclude that all versions of alpha depend on beta>=2.

      hint: `alpha` is at https://index.example/alpha
""",
    "clash": """error: Failed to install: a-1.0-py3-none-any.whl (a==1.0)
  Caused by: failed to create directory `/repository/.podium/x/clash`: File exists (os error 17)
""",
    "nothing": "",
}


@pytest.mark.parametrize(
    ("case", "is_packages", "line"),
    [
        (
            "disk full",
            False,
            "Failed to install: big-1.0-py3-none-any.whl (big==1.0): Failed to copy to (path): failed to copy file "
            "from (path) to (path): No space left on device (os error 28)",
        ),
        ("no right", False, "An index URL ((address)) returned a 403 Forbidden error."),
        (
            "broken off",
            False,
            "Failed to download `big==1.0`: Failed to write to the distribution cache: error reading a body from "
            "connection: end of file before message length reached",
        ),
        (
            "conflict",
            True,
            "Because only alpha==1.0 is available and alpha==1.0 depends on beta>=2, we can conclude that all versions "
            "of alpha depend on beta>=2.",
        ),
        (
            "clash",
            True,
            "Failed to install: a-1.0-py3-none-any.whl (a==1.0): failed to create directory (path): File exists "
            "(os error 17)",
        ),
        ("nothing", False, ""),
    ],
)
def test_what_uv_says_in_one_line(case: str, is_packages: bool, line: str) -> None:
    assert installer.one_line(SAID[case]) == line
    assert installer.is_packages_fault(SAID[case]) == is_packages


@given(st.text())
def test_whatever_uv_says_is_one_short_line_that_can_be_printed(text: str) -> None:
    line = installer.one_line(f"error: {text} https://index.example/x /a/secret/path {text}")

    assert len(line) <= installer.MESSAGE_LENGTH
    assert line.isprintable()
    assert "index.example" not in line
    assert "secret" not in line


@pytest.fixture
def index(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an index of one's own, with ``needed`` alone; nothing else is asked."""
    page = tmp_path / "index" / "needed" / "index.html"
    page.parent.mkdir(parents=True)
    write_wheel(page.parent, "needed", "1.5")
    page.write_text('<!DOCTYPE html><a href="needed-1.5-py3-none-any.whl">needed-1.5-py3-none-any.whl</a>')
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "index").as_uri())
    return tmp_path / "index"


def test_a_package_that_does_not_exist(make: Make, index: Path) -> None:
    assert make("needed").packages == {"needed": "1.5"}
    with pytest.raises(DependencyError, match="podium-no-such was not found in the package registry"):
        make("podium-no-such")


def test_an_index_that_lacks_what_every_trial_needs_is_not_the_entrants_fault(make: Make, index: Path) -> None:
    (index / "needed" / "index.html").write_text("<!DOCTYPE html>")
    (index / "needed").rename(index / "other")

    with pytest.raises(InstallationError, match="not found"):
        make("podium-no-such")


def test_an_index_that_cannot_be_reached_is_not_the_entrants_fault(
    make: Make, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    for name in ("UV_FIND_LINKS", "UV_OFFLINE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    with pytest.raises(InstallationError) as caught:
        make("alpha")
    assert "127.0.0.1" not in str(caught.value)
    assert "Connection refused" in str(caught.value)
    assert leftovers(folder) == []


def test_being_offline_is_not_the_entrants_fault(make: Make) -> None:
    with pytest.raises(InstallationError, match="was not found in the cache"):
        make("podium-no-such")


def test_an_installation_that_takes_too_long_is_not_the_entrants_fault(
    make: Make, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path, plainly: None
) -> None:
    write_wheel(wheels, "alpha")
    uv = wrap_uv(tmp_path, "exec sleep 60")
    monkeypatch.setattr(installer, "find_uv", lambda: str(uv))
    monkeypatch.setattr(installer, "SECONDS", 0.3)

    with pytest.raises(InstallationError, match="uv took more than"):
        make("alpha")
    assert leftovers(folder) == []


def test_says_how_to_get_uv(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "find_uv", lambda: None)

    with pytest.raises(PodiumError, match=r"uv is missing; `pip install uv`"):
        make("needed")
    assert environments.uv_version() is None


def test_tells_the_version_of_uv() -> None:
    assert Requirement(f"uv=={environments.uv_version()}").specifier.contains(environments.uv_version() or "")


# --- kept, and cleared away ---


def test_the_second_call_takes_what_is_there(make: Make, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(wheels, "alpha-thing", "1.0")
    made = make("alpha-thing>=1,<2", "needed")
    monkeypatch.setattr(installer, "find_uv", lambda: None)  # there would be no way to make another

    assert make("needed", "Alpha_Thing<2,>=1", "needed") == made


def test_other_requirements_and_other_needs_get_another_environment(
    make: Make, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels, "alpha", "1.0")
    write_wheel(wheels, "alpha", "2.0")
    made = [make("alpha"), make("alpha<2")]
    monkeypatch.setattr(environments, "NEEDED_BY_TRIAL", ("needed>=1.1",))
    made.append(make("alpha"))

    assert len({one.site_packages for one in made}) == 3
    assert [one.packages["alpha"] for one in made] == ["2.0", "1.0", "2.0"]


@pytest.mark.parametrize("content", ["", "[]", '{"packages": {}}'])
def test_a_damaged_environment_is_made_again(make: Make, wheels: Path, content: str) -> None:
    write_wheel(wheels, "alpha", "1.0")
    made = make("alpha")
    (made.site_packages.parent / "environment.json").write_text(content)
    (made.site_packages / "alpha.py").unlink()

    assert make("alpha") == made
    assert (made.site_packages / "alpha.py").is_file()


@pytest.mark.parametrize("begin", ["as they come", "when both have found none"])
def test_two_at_once_make_one(folder: Path, wheels: Path, tmp_path: Path, begin: str) -> None:
    write_wheel(wheels, "alpha", "1.0")
    uv = wrap_uv(tmp_path, 'echo install >> "$here/log"; sleep 0.2')
    meet = f"""
import os, time
read, places = environments._read_record, [Path({str(tmp_path)!r})]
def look(path):
    found = read(path)
    if places:
        place = places.pop()
        (place / f"{{os.getpid()}}.looked").touch()
        while len(list(place.glob("*.looked"))) < 2:
            time.sleep(0.01)
    return found
environments._read_record = look
"""
    first = meet if begin == "when both have found none" else ""
    both = [other_process(folder, "alpha", uv=uv, first=first) for _ in range(2)]

    assert [process.communicate(timeout=60)[0] for process in both] == ["{'alpha': '1.0', 'needed': '1.5'}\n"] * 2
    assert (tmp_path / "log").read_text().split() == ["install"]
    assert len(stored_environments(folder)) == len(leftovers(folder)) == 1


def test_one_that_fails_does_not_keep_another_waiting(make: Make, folder: Path) -> None:
    with pytest.raises(DependencyError):
        make("needed>9")
    other = other_process(folder, "needed>9")

    other.communicate(timeout=60)
    assert other.returncode == 1


def test_nothing_is_left_of_a_killed_installation_that_could_be_mistaken_for_one(
    make: Make, wheels: Path, folder: Path, tmp_path: Path
) -> None:
    write_wheel(wheels, "alpha", "1.0")
    half = f'for target in {quote(str(folder))}/*.partial/site-packages; do touch "$target/half.py"; done'
    killed = other_process(folder, "alpha", uv=wrap_uv(tmp_path, f'{half}; touch "$here/begun"; exec sleep 60'))
    wait_for(tmp_path / "begun")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()

    assert stored_environments(folder) == []
    assert [Path(name).suffix for name in leftovers(folder)] == [".partial"]

    made = make("alpha")
    assert made.packages == {"alpha": "1.0", "needed": "1.5"}
    assert not (made.site_packages / "half.py").exists()
    assert leftovers(folder) == [made.site_packages.parent.name]


def test_an_orphaned_uv_does_not_write_to_what_another_run_makes(
    make: Make, wheels: Path, folder: Path, tmp_path: Path
) -> None:
    write_wheel(wheels, "alpha", "1.0")
    late = f'for target in {quote(str(folder))}/*/site-packages; do touch "$target/late.py"; done'
    uv = wrap_uv(tmp_path, f'touch "$here/begun"; sleep 0.4; {late}; touch "$here/ended"; exit 1')
    killed = other_process(folder, "alpha", uv=uv)
    wait_for(tmp_path / "begun")
    killed.kill()
    killed.wait()

    made = make("alpha")
    assert (tmp_path / "ended").exists()
    assert not (made.site_packages / "late.py").exists()


def test_lists_what_is_stored(make: Make, wheels: Path, folder: Path) -> None:
    write_wheel(wheels, "alpha", "1.0", {"alpha.bin": "0" * 5000})
    assert stored_environments(folder) == []
    alpha, needed = make("alpha"), make("needed>=1")
    os.utime(needed.site_packages.parent / "environment.json", (1000, 1000))

    first, second = stored_environments(folder)

    assert [first.path, second.path] == [alpha.site_packages.parent, needed.site_packages.parent]
    assert first.requirements == ("alpha",)
    assert first.size_bytes > second.size_bytes + 5000
    assert first.last_use == pytest.approx(time.time(), abs=60)
    assert second.last_use == 1000

    make("needed>=1")
    assert stored_environments(folder)[0].path == second.path


def test_prune_removes_what_was_not_used_for_long(wheels: Path, folder: Path) -> None:
    write_wheel(wheels, "alpha", "1.0")
    for requirement in ("alpha", "needed"):
        other_process(folder, requirement).communicate()
    old, new = stored_environments(folder)
    os.utime(old.path / "environment.json", (1000, 1000))
    (folder / "0123456789abcdef.partial" / "site-packages").mkdir(parents=True)

    assert [removed.path for removed in prune(folder, AGES)] == [old.path]
    assert leftovers(folder) == [new.path.name]
    assert [removed.path for removed in prune(folder, NO_TIME)] == [new.path]
    assert leftovers(folder) == []


def test_prune_leaves_what_a_run_uses_or_makes(make: Make, wheels: Path, folder: Path, tmp_path: Path) -> None:
    write_wheel(wheels, "alpha", "1.0")
    ours = make("needed")
    user = other_process(folder, "alpha", then="import time; time.sleep(60)")
    assert user.stdout is not None
    assert user.stdout.readline()
    uv = wrap_uv(tmp_path, 'touch "$here/begun"; while [ ! -e "$here/go" ]; do sleep 0.05; done')
    maker = other_process(folder, "alpha<2", uv=uv)
    wait_for(tmp_path / "begun")

    assert prune(folder, NO_TIME) == []

    (tmp_path / "go").touch()
    assert "alpha" in maker.communicate(timeout=60)[0]
    assert (ours.site_packages / "needed.py").is_file()
    user.kill()
    user.communicate()
    assert len(prune(folder, NO_TIME)) == 2
    assert leftovers(folder) == [ours.site_packages.parent.name]


def test_a_lock_that_cannot_be_made_is_told(make: Make, folder: Path) -> None:
    made = make("needed")
    lock = made.site_packages.parent.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()

    with pytest.raises(PodiumError, match=r"cannot make .*\.lock: Is a directory"):
        prune(folder, NO_TIME)


def test_a_folder_that_cannot_be_made_is_told(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PodiumError, match="cannot make the folder"):
        make_environment([Requirement("needed")], tmp_path / "file" / "environments")
