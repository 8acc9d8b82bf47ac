"""Environments of solutions whose dependencies the harness's own does not meet: made with uv, kept, cleared away.

In the folder, for each key: ``KEY/`` is a whole environment, ``KEY.partial/`` one under way or left by a run that was
ended, ``KEY.lock`` says who uses or makes it. A lock is held by descriptor, so it ends with whoever holds it.
"""

import contextlib
import fcntl
import json
import os
import platform
import shutil
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from competition.errors import PodiumError
from competition.evaluation.installer import DependencyError, InstallationError, install, uv_version
from competition.packages import NEEDED_BY_TRIAL, SUBSTITUTES, installed
from competition.repository import make_folder, write_text

__all__ = [
    "DependencyError",
    "Environment",
    "InstallationError",
    "Stored",
    "make_environment",
    "prune",
    "stored_environments",
    "uv_version",
]

FORMAT = 1
RECORD = "environment.json"

# Locks of the environments in use by this process, held until it ends.
_locks: dict[Path, int] = {}


@dataclass(frozen=True)
class Environment:
    """Packages of a solution's own.

    Parameters
    ----------
    site_packages : Path
        The folder that a worker appends to ``sys.path``, once a trial is confined.
    packages : dict
        Version of every distribution in it, by canonical name.
    """

    site_packages: Path
    packages: dict[str, str]


@dataclass(frozen=True)
class Stored:
    """An environment on disk.

    Parameters
    ----------
    path : Path
        Its folder.
    requirements : tuple of str
        What it was made for.
    size_bytes : int
        Sum of its files' sizes.
    last_use : float
        Seconds since the epoch.
    """

    path: Path
    requirements: tuple[str, ...]
    size_bytes: int
    last_use: float


def make_environment(requirements: Sequence[Requirement], folder: Path) -> Environment:
    """Return an environment that meets the requirements, for the Python that runs this; made if it is not there.

    It stays until this process ends: `prune` of another one passes it over. A process makes one at a time.

    Parameters
    ----------
    requirements : sequence of Requirement
        Names with version specifiers, as `Solution.requirements` has them.
    folder : Path
        Where environments are kept.

    Raises
    ------
    DependencyError
        If a package does not exist, has no wheel for this machine, or conflicts with another.
    InstallationError
        If the index cannot be reached, the disk is full, or whatever else is not the packages' fault.
    PodiumError
        If uv is not installed, or the folder cannot be written to.
    """
    wanted = sorted({_as_installed(requirement) for requirement in requirements})
    path = folder.resolve() / _key(wanted)
    make_folder(path.parent)
    if path not in _locks:
        _locks[path] = _open_lock(path)
    lock = _locks[path]
    fcntl.flock(lock, fcntl.LOCK_SH)
    while (record := _read_record(path)) is None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if _read_record(path) is None:  # another run may have made it in the meantime
                _make(wanted, path, lock)
        except BaseException:
            fcntl.flock(lock, fcntl.LOCK_UN)
            raise
        fcntl.flock(lock, fcntl.LOCK_SH)
    with contextlib.suppress(PermissionError):  # somebody else's
        os.utime(path / RECORD)
    return Environment(path / "site-packages", record["packages"])


def stored_environments(folder: Path) -> list[Stored]:
    """Whole environments in a folder, the one used last first."""
    stored = []
    for path in sorted(folder.glob("*/" + RECORD)):
        record = _read_record(path.parent)
        if record is not None:
            used = path.stat().st_mtime
            stored.append(Stored(path.parent, tuple(record["requirements"]), _size(path.parent), used))
    return sorted(stored, key=lambda found: -found.last_use)


def prune(folder: Path, older_than: timedelta) -> list[Stored]:
    """Remove environments that nobody uses, and what runs that were ended have left.

    Parameters
    ----------
    older_than : timedelta
        Time since their last use.

    Returns
    -------
    list of Stored
        What was removed.
    """
    before = time.time() - older_than.total_seconds()
    removed = []
    for stored in stored_environments(folder):
        if stored.last_use <= before and _remove(stored.path):
            removed.append(stored)
    for partial in folder.glob("*.partial"):
        _remove(partial.with_suffix(""))
    return removed


def _open_lock(path: Path) -> int:
    file = path.with_suffix(".lock")
    try:
        return os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PodiumError(f"cannot make {file}: {error.strerror}") from None


# --- making one ---


def _as_installed(requirement: Requirement) -> str:
    """Requirement as it is installed: under another name where that is the same without what a trial cannot use."""
    name: str = canonicalize_name(requirement.name)
    if sys.platform == "linux":
        name = SUBSTITUTES.get(name, (name,))[0]
    return f"{name}{requirement.specifier}"


def _key(wanted: Iterable[str]) -> str:
    decides = [FORMAT, sorted(wanted), sorted(NEEDED_BY_TRIAL), *_machine().values()]
    return sha256(json.dumps(decides).encode()).hexdigest()[:16]


def _machine() -> dict[str, str]:
    python = f"{platform.python_implementation()} {platform.python_version()} {sys.implementation.cache_tag}"
    return {"platform": sysconfig.get_platform(), "python": python}


def _make(wanted: Sequence[str], path: Path, lock: int) -> None:
    """Install into the partial folder and give it its name; the lock is held."""
    partial = path.with_suffix(".partial")
    for left in (partial, path):  # of a run that was ended, or damaged since
        shutil.rmtree(left, ignore_errors=True)
    try:
        make_folder(partial)
        # With the lock in its hands no orphaned uv writes to what another run makes.
        way = install(wanted, NEEDED_BY_TRIAL, partial, held=[lock])
        packages = _resolved(partial / "site-packages")
        record = {"requirements": list(wanted), "packages": packages, "installed_under": way, **_machine()}
        write_text(partial / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")
        partial.rename(path)
    except OSError as error:
        raise InstallationError(f"an environment cannot be stored: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _resolved(site_packages: Path) -> dict[str, str]:
    """Version of each distribution; what a wheel may have smuggled in beside its own is refused."""
    found = installed(site_packages)
    for name, count in Counter(canonicalize_name(distribution.name) for distribution in found).items():
        if count > 1:
            raise DependencyError(f"two packages call themselves '{name}'")
    try:
        return {str(canonicalize_name(one.name)): str(Version(one.version)) for one in found}
    except InvalidVersion:
        raise DependencyError("a package has a version that is none") from None


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((path / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(record, dict) and {"packages", "requirements"} <= record.keys()
    return record if known and (path / "site-packages").is_dir() else None


# --- clearing away ---


def _remove(path: Path) -> bool:
    """Remove an environment and its partial one, unless somebody uses or makes it."""
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        partial = path.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        if path.exists():
            path.rename(partial)  # so that it is never half of one under its own name
            shutil.rmtree(partial, ignore_errors=True)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _size(folder: Path) -> int:
    return sum(entry.stat(follow_symlinks=False).st_size for entry in _files(folder))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield entry
