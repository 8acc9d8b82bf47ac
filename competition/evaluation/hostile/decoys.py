"""What the attacks are after, made for the occasion, and how to see from outside that one of them got at it."""

import contextlib
import ctypes
import glob
import os
import pty
import secrets
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd

from competition.evaluation import wire
from competition.evaluation.hostile.decoy_files import InstalledFiles, RepositoryDecoy
from competition.evaluation.hostile.decoy_servers import Servers

N_ROWS = 64  # of a trial: to fit on, and as many to predict
N_OTHER_ROWS = 64
VARIABLE = "PODIUM_SELFTEST_SECRET"
MASK = 0x5555555555555555  # as in the attack that searches its memory
UNTOUCHED, TERMINAL_TEXT = b"untouched", b"forged"
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")


class Decoys:
    """Files, memory, servers, a terminal and a process, with a secret in them, and a watch on them.

    Attributes
    ----------
    secret : str
        `N_ROWS` digits of 0 and 1 that an attack must not read.
    train, predict : int
        Descriptors of shared features. Rows from `N_ROWS` on of the first are given to no trial.
    """

    def __init__(self) -> None:
        self.secret = random_bits()
        self._text = f"answers,{self.secret}\n"
        self._salt = secrets.token_hex(8)
        self._key_in_memory = ctypes.create_string_buffer(self._text.encode())
        self._writable = ctypes.create_string_buffer(UNTOUCHED)
        number, text = secrets.token_bytes(8), secrets.token_hex(4).encode()
        self._values: dict[str, Any] = {
            "HARNESS": os.getpid(),
            "HOME": str(Path.home()),
            "VARIABLE": VARIABLE,
            "IPC_KEY": secrets.randbelow(2**30) + 1,
            "KEY_ADDRESS": ctypes.addressof(self._key_in_memory),
            "KEY_LENGTH": len(self._text),
            "WRITABLE_ADDRESS": ctypes.addressof(self._writable),
            "OTHER_NUMBER": _disguised(number),
            "OTHER_TEXT": _disguised(text),
        }
        tables = (_features(n_other, number, text.decode()) for n_other in (N_OTHER_ROWS, 0))
        self.train, self.predict = (wire.to_memory(wire.table_message(table)) for table in tables)
        self._digests = self._digest_features()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for descriptor in (self.train, self.predict):
                stack.callback(os.close, descriptor)
            self._repository = stack.enter_context(RepositoryDecoy(self._text))
            self._installed = stack.enter_context(InstalledFiles())
            self._servers = stack.enter_context(Servers(self._repository.folder, self.marker("abstract")))
            self._terminal, terminal_name = stack.enter_context(_terminal())
            self._values["SHARED_NAME"] = stack.enter_context(_shared_file(self.marker("shared"), self._text))
            stack.enter_context(_variable(self.secret))
            stack.enter_context(_neighbour(self._text.strip(), self._repository.key.parent))
            self._values |= self._repository.values | self._installed.values | self._servers.values
            self._values["TERMINAL"] = terminal_name
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
        return str(self._repository.folder)

    @property
    def key_descriptor(self) -> int:
        """The answer key, opened by the harness."""
        return int(self._values["KEY_DESCRIPTOR"])

    def marker(self, name: str) -> str:
        """Return what an attack calls its processes, files and messages; short enough for the name of a process."""
        return "podium" + sha256(f"{self._salt} {name}".encode()).hexdigest()[:8]

    def told(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is filled into an attack's text; a parameter that names a decoy stands for that."""
        given = {parameter: self._values.get(value, value) for parameter, value in parameters.items()}
        return self._values | {"MARKER": self.marker(name)} | given

    def restore(self) -> None:
        """Put everything back as it was at the beginning."""
        self._repository.restore()
        self._installed.restore()
        self._writable.value = UNTOUCHED

    def findings(self, name: str) -> Iterator[str]:
        """Tell what an attack has changed or left behind."""
        marker = self.marker(name)
        if self._repository.is_changed:
            yield "a file of the repository was changed"
        if self._writable.value != UNTOUCHED:
            yield "memory of the harness was changed"
        if self._digest_features() != self._digests:
            yield "the shared features were changed"
        if self._servers.received(marker):
            yield "a server received its message"
        with contextlib.suppress(BlockingIOError):
            if TERMINAL_TEXT in os.read(self._terminal, 4096):
                yield "it wrote into the terminal"
        if _processes_called(marker):
            yield "a process of it lives on"
        for folder in SHARED_FOLDERS:
            if os.path.lexists(f"{folder}/{marker}"):
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

    def _digest_features(self) -> list[int]:
        return [zlib.crc32(os.pread(descriptor, 1 << 20, 0)) for descriptor in (self.train, self.predict)]


def random_bits() -> str:
    """`N_ROWS` random digits of 0 and 1, both of them among the first eight."""
    while True:
        bits = f"{secrets.randbits(N_ROWS):0{N_ROWS}b}"
        if len(set(bits[:8])) == 2:
            return bits


def _features(n_other: int, number: bytes, text: str) -> pd.DataFrame:
    """Features of the rows that trials are given, and of some that have a number and a text of their own."""
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


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, str]]:
    """A terminal that anybody may open: the end that shows what was written, and its name."""
    shows, terminal = pty.openpty()
    os.set_blocking(shows, False)
    name = os.ttyname(terminal)
    os.chmod(name, 0o666)
    try:
        yield shows, name
    finally:
        os.close(terminal)
        os.close(shows)


@contextlib.contextmanager
def _shared_file(name: str, text: str) -> Iterator[str]:
    """Shared memory with a name, where the system keeps it in a folder."""
    path = Path("/dev/shm", name)
    if path.parent.is_dir():
        path.write_text(text)
        path.chmod(0o666)
    try:
        yield name
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _variable(secret: str) -> Iterator[None]:
    """Put the secret into the environment of this process."""
    os.environ[VARIABLE] = secret
    try:
        yield
    finally:
        del os.environ[VARIABLE]


@contextlib.contextmanager
def _neighbour(text: str, folder: Path) -> Iterator[None]:
    """Run a process with a secret on its command line and in its environment; it ends when this one does."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", "read line", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={VARIABLE: text},
        cwd=folder,
    )
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()


def _processes_called(name: str) -> list[int]:
    """Numbers of the processes with a name, zombies aside."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            before, _, after = Path(stat).read_text(errors="replace").rpartition(")")
            if before.endswith(f"({name}") and after.split()[0] != "Z":
                found.append(int(stat.split("/")[2]))
    return found
