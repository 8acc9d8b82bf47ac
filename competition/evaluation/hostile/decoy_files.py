"""Files that attacks are after: a repository with an answer key, and installed files that reading changes."""

import contextlib
import ctypes
import glob
import importlib.util
import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from competition.repository import temporary_folder

KEY_NAME = "podium-selftest-answers.csv"
N_UNREAD = 16
LONG_AGO = 86_400 * 10**9  # nanoseconds since the epoch
LARGE_BYTES = 16 << 20


class RepositoryDecoy:
    """A repository with an answer key, in a temporary folder.

    It is open to every user of the machine for as long as a run takes, so that nothing but the isolation keeps a trial
    from it.

    Parameters
    ----------
    text : str
        What stands in every file.

    Attributes
    ----------
    folder : Path
        The temporary folder.
    values : dict
        What attacks are told, by the name that their text has for it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._held = ExitStack()
        self.folder = self._held.enter_context(temporary_folder("podium-selftest-")).resolve()
        self.root = self.folder / "repository"
        self.key = self.root / "key" / KEY_NAME
        paths = {
            "KEY_PATH": self.key,
            "PREPARED_PATH": self.root / "data" / "decoy" / "prepared" / "labels.csv",
            "CACHE_PATH": self.root / ".podium" / "cache" / "other.csv",
            "SOLUTION_PATH": self.root / "solutions" / "decoy" / "other.py",
        }
        self._files = [*paths.values(), self.root / "pyproject.toml"]
        self._link = self.root / "link"
        self.restore()
        self._open = os.open(self.key, os.O_RDONLY)
        os.set_inheritable(self._open, True)  # as a careless harness would have it
        self.values: dict[str, Any] = {
            **{name: str(path) for name, path in paths.items()},
            "LINK_PATH": str(self._link),
            "REPOSITORY": str(self.root),
            "KEY_NAME": KEY_NAME,
            "KEY_DESCRIPTOR": self._open,
            "KEY_HANDLE": _file_handle(self.key),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._open)
        self._held.close()

    def restore(self) -> None:
        """Write every file anew."""
        for path in self._files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._text)
            path.chmod(0o666)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self._text)
        for folder in (self.folder, self.root, *(path for path in self.root.rglob("*") if path.is_dir())):
            folder.chmod(0o777)
        self._state = self._look()

    @property
    def is_changed(self) -> bool:
        """Whether anything is other than it was written."""
        return self._look() != self._state

    def _look(self) -> list[tuple[Any, ...]]:
        return [_state(path) for path in sorted(self.root.rglob("*"))]


def _state(path: Path) -> tuple[Any, ...]:
    found = path.lstat()
    attributes = os.listxattr(path, follow_symlinks=False) if hasattr(os, "listxattr") else []
    content = (path.read_bytes(), found.st_mtime_ns, found.st_nlink) if path.is_file() else ()
    return str(path), found.st_mode, *attributes, *content


def _file_handle(path: Path) -> bytes:
    """``struct file_handle`` of a path; empty where there is none."""
    size, at_fdcwd = 128, -100
    handle, mount = ctypes.create_string_buffer(size.to_bytes(4, sys.byteorder), 8 + size), ctypes.c_int()
    try:
        call = ctypes.CDLL(None).name_to_handle_at
    except AttributeError:
        return b""
    return b"" if call(at_fdcwd, os.fsencode(path), handle, ctypes.byref(mount), 0) < 0 else handle.raw


class InstalledFiles:
    """Installed files that a trial may read, and that tell of it: by when they were read, by what is in memory.

    Attributes
    ----------
    values : dict
        What attacks are told, by the name that their text has for it.
    """

    def __init__(self) -> None:
        self._unread = sorted(Path(os.__file__).parent.glob("_*.py"))[:N_UNREAD]
        self._times = [path.stat() for path in self._unread]
        large = _large_libraries()
        self._cold = large[-1] if large else None
        self.values: dict[str, Any] = {
            "UNREAD_FILES": tuple(map(str, self._unread)),
            "LARGE_FILE": large[0] if large else "",
            "COLD_FILE": self._cold or "",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path, found in zip(self._unread, self._times, strict=True):
            _put_back(path, found, found.st_atime_ns)

    def restore(self) -> None:
        """Have some files look as if nobody had read them for long, and one as if nobody had since a restart."""
        for path, found in zip(self._unread, self._times, strict=True):
            _put_back(path, found, LONG_AGO)
        if self._cold is not None and hasattr(os, "posix_fadvise"):
            descriptor = os.open(self._cold, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def _put_back(path: Path, found: os.stat_result, accessed: int) -> None:
    with contextlib.suppress(PermissionError):  # a Python of somebody else's
        os.chmod(path, stat.S_IMODE(found.st_mode))
        os.utime(path, ns=(accessed, found.st_mtime_ns))


def _large_libraries() -> list[str]:
    """At most two libraries that are large, and that no worker of this run loads."""
    found: list[str] = []
    for package in ("xgboost", "catboost"):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            found += glob.glob(f"{folder}/**/*.so", recursive=True)
    return [file for file in found if os.path.getsize(file) > LARGE_BYTES][:2]
