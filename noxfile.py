# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2025.5"]
# ///
"""What people and CI run. `nox -l` lists it; `uv run noxfile.py -s tests` needs no nox beforehand."""

import datetime
import json
import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typecheck", "tests", "tests_slow", "selftest", "audit", "verify"]
nox.options.reuse_existing_virtualenvs = True

LOCKS = Path("requirements")
BUILT_IN = "cellular-anomaly"
PARTS = 16
# Without compiled files the boosting libraries take three times as long to import.
COMPILE = {"UV_COMPILE_BYTECODE": "1"}
# Tests wait for other processes half of their time; `-n 0` after `--` runs them one after the other.
SIDE_BY_SIDE = ("-n", "2")


def install(session: nox.Session, lock: str) -> None:
    """Install what a lock file pins, with its hashes, then the project itself."""
    session.install("--require-hashes", "-r", str(LOCKS / f"{lock}.txt"), env=COMPILE)
    session.install("--no-deps", "-e", ".")


def isolation(session: nox.Session) -> None:
    """Install bubblewrap where that is possible; without it trials are isolated by the kernel alone (podium doctor)."""
    system_package(session, "bwrap", "bubblewrap", "trials are isolated by the kernel alone: see `podium doctor`")


def browser(session: nox.Session) -> None:
    """Install Chromium where that is possible; without it the pages are not tested in a browser."""
    if not shutil.which("google-chrome"):  # Ubuntu's own package of Chromium is a snap
        system_package(session, "chromium", "chromium", "the pages are not tested in a browser")


def system_package(session: nox.Session, program: str, package: str, without: str) -> None:
    """Install a system's package with apt-get, as root or with sudo; say what is missing where that fails."""
    if sys.platform != "linux" or shutil.which(program):
        return
    if not shutil.which("apt-get"):
        session.warn(f"{package} is not installed, and this is no Debian or Ubuntu: {without}")
        return
    if os.geteuid() != 0 and not shutil.which("sudo"):
        session.warn(f"{package} is not installed (as root, `apt-get install {package}`): {without}")
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", package]):
        session.run(*as_root, *command, external=True, success_codes=range(256), silent=True)
    if not shutil.which(program):
        session.warn(f"{package} could not be installed (`sudo apt-get install {package}`): {without}")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite; arguments go to pytest."""
    isolation(session)
    browser(session)
    install(session, "test")
    session.run("pytest", *SIDE_BY_SIDE, "--dist", "loadfile", *session.posargs)


@nox.session
def tests_slow(session: nox.Session) -> None:
    """Run the tests that take long, the deep-learning ones among them."""
    isolation(session)
    browser(session)
    install(session, "all")
    session.run("pytest", "-m", "slow", *SIDE_BY_SIDE, "--dist", "worksteal", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, workflows and schemas."""
    session.install("--require-hashes", "-r", str(LOCKS / "lint.txt"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    workflows = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("zizmor", "--offline", "--no-progress", *workflows)


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types."""
    install(session, "typecheck")
    session.run("mypy")


@nox.session
def leaderboard(session: nox.Session) -> None:
    """Reproduce a board: evaluate every solution again and compare; arguments: its name, then `podium verify`'s."""
    isolation(session)
    install(session, "all")
    slug, *others = session.posargs or [BUILT_IN]
    session.run("podium", "leaderboard", slug)
    session.run("podium", "verify", slug, *others)


@nox.session
def record(session: nox.Session) -> None:
    """Evaluate every solution and write the board; arguments go to `podium run`."""
    isolation(session)
    install(session, "all")
    session.run("podium", "run", *(session.posargs or [BUILT_IN]), "--fresh", "--record")


@nox.session
def verify(session: nox.Session) -> None:
    """Verify a part of the built-in board, another one each day; one trial at a time, so that no two can talk."""
    isolation(session)
    install(session, "all")
    part = f"{datetime.date.today().toordinal() % PARTS + 1}/{PARTS}"
    session.run("podium", "verify", BUILT_IN, "--part", part, "--jobs", "1")


@nox.session
def selftest(session: nox.Session) -> None:
    """Run the hostile solutions at every level of isolation that this machine holds."""
    isolation(session)
    install(session, "test")
    told = json.loads(str(session.run("podium", "doctor", "--json", silent=True)))
    for one in told["isolation"]:
        if one["holds"]:
            session.run("podium", "selftest", "--isolation", one["level"])
        else:
            session.warn(f"{one['level']} is not held here: {one['why']}")


@nox.session
def audit(session: nox.Session) -> None:
    """Audit the data that is here, and fail where the severe findings are not those recorded; arguments: of which."""
    install(session, "test")
    listed = json.loads(str(session.run("podium", "list", "--json", silent=True)))
    here = [one["competition"] for one in listed if one["data"] == "prepared" and one["competition"] != BUILT_IN]
    for slug in session.posargs or [BUILT_IN, *here]:
        session.run("podium", "audit", slug, "--check")


@nox.session
def entries(session: nox.Session) -> None:
    """Evaluate the solutions of a pull request; arguments are their files, such as solutions/SLUG/NAME.py."""
    isolation(session)
    install(session, "all")
    by_slug: dict[str, list[str]] = {}
    for file in map(Path, session.posargs):
        if file.suffix == ".py" and file.parent.parent == Path("solutions"):
            by_slug.setdefault(file.parent.name, []).append(file.stem)
    for slug, names in by_slug.items():
        session.run("podium", "prepare", slug, success_codes=[0, 2], silent=True)
        listed = json.loads(str(session.run("podium", "list", "--json", silent=True)))
        if any(one["competition"] == slug and one["data"] == "prepared" for one in listed):
            session.run("podium", "run", slug, *names)
        else:
            session.warn(f"the data of {slug} is not here, so {', '.join(names)} cannot be evaluated")


@nox.session
def dev(session: nox.Session) -> None:
    """Make .venv with everything that a developer types: podium, pytest, ruff, mypy."""
    isolation(session)
    session.install("uv")
    session.run("uv", "venv", "--allow-existing", "--quiet", ".venv", silent=True)
    into = ["uv", "pip", "install", "--quiet", "--python", ".venv", "--compile-bytecode"]
    for name in ("all", "lint", "typecheck"):
        session.run(*into, "--require-hashes", "-r", str(LOCKS / f"{name}.txt"))
    session.run(*into, "--no-deps", "-e", ".")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the harness beside a bare loop and a plain pool, in one run; arguments choose what."""
    isolation(session)
    install(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def claims(session: nox.Session) -> None:
    """Reproduce the table of published claims; arguments: which ones, or --check to compare it with its numbers."""
    if "--check" not in session.posargs:
        isolation(session)
    install(session, "all")
    session.run("python", "-m", "claims", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Pin every dependency with hashes and without index addresses."""
    session.install("uv")
    chosen = {
        "lint": ["--group", "lint"],
        "test": ["pyproject.toml", "--extra", "cluster", "--group", "test"],
        "typecheck": ["pyproject.toml", "--group", "typecheck"],
        "all": ["pyproject.toml", "--extra", "cluster", "--extra", "deep", "--extra", "overall", "--group", "test"],
    }
    form = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
    for name, sources in chosen.items():
        session.run("uv", "pip", "compile", *sources, *form, *session.posargs, "-o", str(LOCKS / f"{name}.txt"))


if __name__ == "__main__":
    nox.main()
