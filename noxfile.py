# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2025.5"]
# ///
"""What people and CI run. `nox -l` lists it; `uv run noxfile.py -s tests` needs no nox beforehand."""

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
    install(session, "lint")
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
def bench(session: nox.Session) -> None:
    """Measure the harness beside bare loops, in one run."""
    install(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Pin every dependency with hashes and without index addresses."""
    session.install("uv")
    extras = {"test": ["--group", "test"], "lint": ["--group", "lint"], "typecheck": ["--group", "typecheck"]}
    extras["all"] = ["--extra", "deep", "--group", "test"]
    LOCKS.mkdir(exist_ok=True)
    for name, chosen in extras.items():
        output = str(LOCKS / f"{name}.txt")
        form = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
        session.run("uv", "pip", "compile", "pyproject.toml", *chosen, *form, *session.posargs, "-o", output)


if __name__ == "__main__":
    nox.main()
