"""What the attacks are after, made for the occasion, and how to see from outside that one of them got at it.

Everything lies in a temporary folder, belongs to nobody and is open to every user of the machine for as long as the
run takes: nothing but the isolation keeps a trial from it.
"""

import contextlib
import ctypes
import glob
import importlib.util
import os
import pty
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd

from competition.evaluation import wire

N_ROWS = 64  # of a trial: to fit on, and as many to predict
N_OTHER_ROWS = 64
KEY_NAME = "podium-selftest-answers.csv"
VARIABLE = "PODIUM_SELFTEST_SECRET"
MASK = 0x5555555555555555  # as in the attack that searches its memory
UNTOUCHED, TERMINAL_TEXT = b"untouched", b"forged"
OLD = 86_400.0  # seconds since the epoch
N_UNREAD = 16
COLD_BYTES = 16 << 20
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")


class Decoys:
    """Files, memory, servers and a process, with a secret in each, and a watch on them.

    Attributes
    ----------
    secret : str
        `N_ROWS` digits of 0 and 1, in every file, variable and memory that an attack must not read.
    values : dict
        What attacks are told, by the name that their text has for it.
    train, predict : int
        Descriptors of shared features. Rows from `N_ROWS` on of the first are given to no trial.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.secret = random_bits()
        self._text = f"answers,{self.secret}\n"
        self._salt = secrets.token_hex(8)
        self.values: dict[str, Any] = {"HARNESS": os.getpid(), "HOME": str(Path.home()), "VARIABLE": VARIABLE}

    def __enter__(self) -> Self:
        with self._stack as stack:
            self._make_files()
            self._make_memory()
            self._make_servers()
            self._make_terminal()
            self._make_process()
            self._choose_installed_files()
            self.restore()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def folder(self) -> str:
        """Where the files are."""
        return str(self._repository.parent)

    def told(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is filled into an attack's text; a parameter that names a decoy stands for that."""
        marker = self.marker(name)
        given = {parameter: self.values.get(value, value) for parameter, value in parameters.items()}
        return self.values | {"MARKER": marker, "TOKEN": marker} | given

    def marker(self, name: str) -> str:
        """Return what an attack calls its processes, files and messages; short enough for the name of a process."""
        return "podium" + sha256(f"{self._salt} {name}".encode()).hexdigest()[:8]

    # --- making them ---

    def _make_files(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="podium-selftest-", ignore_cleanup_errors=True)
        root = Path(self._stack.enter_context(folder)).resolve()
        self._repository = root / "repository"
        paths = {
            "KEY_PATH": self._repository / "key" / KEY_NAME,
            "PREPARED_PATH": self._repository / "data" / "decoy" / "prepared" / "labels.csv",
            "CACHE_PATH": self._repository / ".podium" / "cache" / "other.csv",
            "SOLUTION_PATH": self._repository / "solutions" / "decoy" / "other.py",
        }
        self._files = [*paths.values(), self._repository / "pyproject.toml"]
        self._descriptors: list[int] = []
        self.values |= {name: str(path) for name, path in paths.items()}
        self.values |= {"REPOSITORY": str(self._repository), "KEY_NAME": KEY_NAME}
        self.restore_files()
        key = os.open(paths["KEY_PATH"], os.O_RDONLY)
        self._stack.callback(os.close, key)
        os.set_inheritable(key, True)  # as a careless harness would have it
        self.values |= {"KEY_DESCRIPTOR": key, "KEY_HANDLE": _file_handle(paths["KEY_PATH"])}
        if os.path.isdir("/dev/shm"):
            shared = Path("/dev/shm", self.marker("shared"))
            shared.write_text(self._text)
            shared.chmod(0o666)
            self._stack.callback(shared.unlink, missing_ok=True)
            self.values["SHARED_NAME"] = shared.name

    def _make_memory(self) -> None:
        self._held = ctypes.create_string_buffer(self._text.encode())
        self._writable = ctypes.create_string_buffer(UNTOUCHED)
        self.values |= {
            "KEY_ADDRESS": ctypes.addressof(self._held),
            "KEY_LENGTH": len(self._text),
            "WRITABLE_ADDRESS": ctypes.addressof(self._writable),
        }
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = self.secret
        self._stack.callback(_put_back, before)
        number, text = secrets.token_bytes(8), secrets.token_hex(4).encode()
        self.values |= {"OTHER_NUMBER": _disguised(number), "OTHER_TEXT": _disguised(text)}
        tables = [_features(n_other, number, text.decode()) for n_other in (N_OTHER_ROWS, 0)]
        self.train, self.predict = (wire.to_memory(wire.table_message(table)) for table in tables)
        for descriptor in (self.train, self.predict):
            self._stack.callback(os.close, descriptor)
        self._features = [_digest(descriptor) for descriptor in (self.train, self.predict)]

    def _make_servers(self) -> None:
        folder = self._repository.parent
        local: list[tuple[str, int, int, Any]] = [
            ("TCP_PORT", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("UDP_PORT", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("DNS_PORT", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("IPV6_PORT", socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 0)),
            ("UNIX_PATH", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
        ]
        if sys.platform == "linux":
            local.append(("ABSTRACT_NAME", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.marker('abstract')}"))
        self._servers: list[socket.socket] = []
        self._received: list[bytes] = []
        for name, family, kind, address in local:
            server = self._stack.enter_context(socket.socket(family, kind))
            server.setblocking(False)
            try:
                server.bind(address)
            except OSError:  # no IPv6 here
                self.values[name] = 9
                continue
            if kind == socket.SOCK_STREAM:
                server.listen()
            self._servers.append(server)
            bound = server.getsockname()
            self.values[name] = bound[1] if isinstance(bound, tuple) else address.lstrip("\0")
        os.chmod(folder / "socket", 0o777)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.values["FREE_PORT"] = free.getsockname()[1]
        self.values["IPC_KEY"] = secrets.randbelow(2**30) + 1

    def _make_terminal(self) -> None:
        master, slave = pty.openpty()
        self._terminal = master
        os.set_blocking(master, False)
        for descriptor in (master, slave):
            self._stack.callback(os.close, descriptor)
        self.values["TERMINAL"] = os.ttyname(slave)
        os.chmod(self.values["TERMINAL"], 0o666)

    def _make_process(self) -> None:
        """Start a neighbour with a secret on its command line and in its environment; it ends with this process."""
        neighbour = subprocess.Popen(
            ["/bin/sh", "-c", "read line", self._text.strip()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={VARIABLE: self.secret},
            cwd=self._repository / "key",
        )
        self._stack.callback(neighbour.wait)
        assert neighbour.stdin is not None
        self._stack.callback(neighbour.stdin.close)

    def _choose_installed_files(self) -> None:
        """Choose files that a trial may read, for what reading them changes: when, and what is in memory."""
        self._unread = sorted(Path(os.__file__).parent.glob("_*.py"))[:N_UNREAD]
        times = [(path, path.stat()) for path in self._unread]
        for path, found in times:
            self._stack.callback(_set_times, path, found.st_atime_ns, found.st_mtime_ns)
        self.values["UNREAD_FILES"] = tuple(map(str, self._unread))
        large = _large_libraries()
        self.values |= {"LARGE_FILE": large[0] if large else "", "COLD_FILE": large[-1] if large else ""}

    # --- putting them back ---

    def restore(self) -> None:
        """Put everything back as it was at the beginning."""
        self.restore_files()
        self._writable.value = UNTOUCHED
        self._forget()
        for path in self._unread:
            _set_times(path, int(OLD * 1e9), path.stat().st_mtime_ns)
        if self.values["COLD_FILE"]:
            _drop_from_memory(self.values["COLD_FILE"])

    def restore_files(self) -> None:
        """Write the files of the repository anew, open to everybody."""
        for path in self._files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._text)
            os.chmod(path, 0o666)
        for folder in (self._repository.parent, *(path for path in self._repository.rglob("*") if path.is_dir())):
            os.chmod(folder, 0o777)
        os.chmod(self._repository, 0o777)
        self._state = self._look()

    def _look(self) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        for path in sorted(self._repository.rglob("*")):
            status = path.lstat()
            times = (status.st_mode, status.st_nlink, status.st_mtime_ns) if path.is_file() else (status.st_mode,)
            found[str(path)] = (*times, path.read_text() if path.is_file() else "", tuple(_attributes(path)))
        return found

    def _forget(self) -> None:
        self._receive()
        self._received.clear()

    # --- looking from outside ---

    def findings(self, name: str) -> Iterator[str]:
        """Tell what an attack has changed or left behind."""
        marker = self.marker(name)
        if self._look() != self._state:
            yield "a file of the repository was changed"
        if self._writable.value != UNTOUCHED:
            yield "memory of the harness was changed"
        if [_digest(descriptor) for descriptor in (self.train, self.predict)] != self._features:
            yield "the shared features were changed"
        self._receive()
        if any(marker.encode() in message for message in self._received):
            yield "a server received its message"
        with contextlib.suppress(BlockingIOError):
            if TERMINAL_TEXT in os.read(self._terminal, 4096):
                yield "it wrote into the terminal"
        if _processes_called(marker):
            yield "a process of it lives on"
        for folder in SHARED_FOLDERS:
            with contextlib.suppress(OSError):
                if marker in os.listdir(folder):
                    yield f"it left something in {folder}"

    def clear(self, name: str) -> None:
        """Remove what an attack left behind, by its marker."""
        marker = self.marker(name)
        for process in _processes_called(marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, 9)
        for folder in SHARED_FOLDERS:
            path = Path(folder, marker)
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _receive(self) -> None:
        for server in self._servers:
            with contextlib.suppress(BlockingIOError):
                while True:
                    if server.type == socket.SOCK_DGRAM:
                        self._received.append(server.recv(4096))
                        continue
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(0.2)
                        with contextlib.suppress(OSError):
                            self._received.append(connection.recv(4096))


def random_bits() -> str:
    """`N_ROWS` random digits of 0 and 1, both of them among the first eight."""
    while True:
        bits = f"{secrets.randbits(N_ROWS):0{N_ROWS}b}"
        if len(set(bits[:8])) == 2:
            return bits


def _features(n_other: int, number: bytes, text: str) -> pd.DataFrame:
    n = N_ROWS + n_other
    given = np.arange(n) < N_ROWS
    return pd.DataFrame(
        {
            "x": np.where(given, np.arange(n), 0.0),
            "number": np.where(given, 1, np.frombuffer(number, np.int64)[0]),
            "word": pd.array(np.where(given, "word", text).astype(object), dtype="str"),
        }
    )


def _disguised(content: bytes) -> int:
    return int.from_bytes(content, sys.byteorder) ^ MASK


def _digest(descriptor: int) -> int:
    return zlib.crc32(os.pread(descriptor, 1 << 20, 0))


def _put_back(before: str | None) -> None:
    if before is None:
        del os.environ[VARIABLE]
    else:
        os.environ[VARIABLE] = before


def _file_handle(path: Path) -> bytes:
    """``struct file_handle`` of a path; empty where its file system has none."""
    size = 128
    handle, mount = ctypes.create_string_buffer(size.to_bytes(4, sys.byteorder), 8 + size), ctypes.c_int()
    try:
        call = ctypes.CDLL(None).name_to_handle_at
    except AttributeError:
        return b""
    at_fdcwd = -100
    return b"" if call(at_fdcwd, os.fsencode(path), handle, ctypes.byref(mount), 0) < 0 else handle.raw


def _attributes(path: Path) -> list[str]:
    return os.listxattr(path) if hasattr(os, "listxattr") else []


def _set_times(path: Path, accessed: int, modified: int) -> None:
    with contextlib.suppress(PermissionError):  # a Python of somebody else's
        os.utime(path, ns=(accessed, modified))


def _large_libraries() -> list[str]:
    """Libraries of more than `COLD_BYTES` that no worker of this run loads."""
    found = []
    for package in ("xgboost", "catboost", "lightgbm"):
        spec = importlib.util.find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            found += glob.glob(f"{folder}/**/*.so", recursive=True)
    return [file for file in found if os.path.getsize(file) > COLD_BYTES][:2]


def _drop_from_memory(file: str) -> None:
    if hasattr(os, "posix_fadvise"):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _processes_called(name: str) -> list[int]:
    """Numbers of the processes with a name, zombies aside."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            before, _, after = Path(stat).read_text(errors="replace").rpartition(")")
            if before.endswith(f"({name}") and after.split()[0] != "Z":
                found.append(int(stat.split("/")[2]))
    return found
