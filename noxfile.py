# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2025.5"]
# ///
"""What people and CI run. `nox -l` lists it; `uv run noxfile.py -s tests` needs no nox beforehand."""

import json
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typecheck", "tests"]
nox.options.reuse_existing_virtualenvs = True

LOCKS = Path("requirements")
BUILT_IN = "cellular-anomaly"
# Without compiled files the boosting libraries take three times as long to import.
COMPILE = {"UV_COMPILE_BYTECODE": "1"}


def install(session: nox.Session, lock: str) -> None:
    """Install what a lock file pins, with its hashes, then the project itself."""
    session.install("--require-hashes", "-r", str(LOCKS / f"{lock}.txt"), env=COMPILE)
    session.install("--no-deps", "-e", ".")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite; arguments go to pytest."""
    install(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def tests_slow(session: nox.Session) -> None:
    """Run the tests that take long, the deep-learning ones among them."""
    install(session, "all")
    session.run("pytest", "-m", "slow", *session.posargs)


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
    """Evaluate every solution of a competition; arguments go to `podium run`, the built-in competition by default."""
    install(session, "all")
    session.run("podium", "run", *(session.posargs or [BUILT_IN]))


@nox.session
def entries(session: nox.Session) -> None:
    """Evaluate the solutions of a pull request; arguments are their files, such as solutions/SLUG/NAME.py."""
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
    session.install("uv")
    session.run("uv", "venv", "--allow-existing", "--quiet", ".venv", silent=True)
    into = ["uv", "pip", "install", "--quiet", "--python", ".venv", "--compile-bytecode"]
    for name in ("all", "lint", "typecheck"):
        session.run(*into, "--require-hashes", "-r", str(LOCKS / f"{name}.txt"))
    session.run(*into, "--no-deps", "-e", ".")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the harness beside bare loops, in one run."""
    install(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Pin every dependency with hashes and without index addresses."""
    session.install("uv")
    chosen = {
        "lint": ["--group", "lint"],
        "test": ["pyproject.toml", "--group", "test"],
        "typecheck": ["pyproject.toml", "--group", "typecheck"],
        "all": ["pyproject.toml", "--extra", "deep", "--group", "test"],
    }
    form = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
    for name, sources in chosen.items():
        session.run("uv", "pip", "compile", *sources, *form, *session.posargs, "-o", str(LOCKS / f"{name}.txt"))


if __name__ == "__main__":
    nox.main()
