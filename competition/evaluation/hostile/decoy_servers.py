"""Servers of every kind that attacks try to reach, and what they received."""

import contextlib
import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LOCALHOST, LOCALHOST_6 = ("127.0.0.1", 0), ("::1", 0)


class Servers:
    """Listening sockets: TCP, UDP twice (once for a name server), IPv6, Unix with a path and without.

    Parameters
    ----------
    folder : Path
        Where the socket with a path is made.
    name : str
        Of the one without.

    Attributes
    ----------
    values : dict
        Addresses, by the name that the attacks' text has for them.
    """

    def __init__(self, folder: Path, name: str) -> None:
        kinds: list[tuple[str, int, int, Any]] = [
            ("TCP_PORT", socket.AF_INET, socket.SOCK_STREAM, LOCALHOST),
            ("UDP_PORT", socket.AF_INET, socket.SOCK_DGRAM, LOCALHOST),
            ("DNS_PORT", socket.AF_INET, socket.SOCK_DGRAM, LOCALHOST),
            ("IPV6_PORT", socket.AF_INET6, socket.SOCK_DGRAM, LOCALHOST_6),
            ("UNIX_PATH", socket.AF_UNIX, socket.SOCK_STREAM, folder / "socket"),
        ]
        if sys.platform == "linux":
            kinds.append(("ABSTRACT_NAME", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"))
        self._servers: list[socket.socket] = []
        self._received: list[bytes] = []
        self.values: dict[str, Any] = {"ABSTRACT_NAME": name}
        with ExitStack() as stack:
            for key, family, kind, address in kinds:
                self.values.setdefault(key, self._listen(stack, family, kind, address))
            os.chmod(folder / "socket", 0o777)
            self.values["FREE_PORT"] = _free_port()  # that nobody listens on, the servers above included
            self._stack = stack.pop_all()

    def _listen(self, stack: ExitStack, family: int, kind: int, address: Any) -> str | int:
        """Start to listen; return what a client needs to know."""
        try:
            server = stack.enter_context(socket.socket(family, kind))
            if isinstance(address, Path):
                _bind_path(server, address)
            else:
                server.bind(address)
        except OSError:
            if family == socket.AF_UNIX:
                raise
            return 0  # no IPv6 here
        server.setblocking(False)
        if kind == socket.SOCK_STREAM:
            server.listen()
        self._servers.append(server)
        return str(address) if family == socket.AF_UNIX else int(server.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def received(self, text: str) -> bool:
        """Whether a message with a text in it has come."""
        for server in self._servers:
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._received.append(_message(server))
        return any(text.encode() in message for message in self._received)


def _bind_path(server: socket.socket, path: Path) -> None:
    """Give a socket a path; on Linux one that is too long for an address (108 bytes), by its folder's descriptor."""
    try:
        server.bind(str(path))
    except OSError:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            server.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)


def _message(server: socket.socket) -> bytes:
    """Next message of a server; raises BlockingIOError if there is none."""
    if server.type == socket.SOCK_DGRAM:
        return server.recv(4096)
    connection, _ = server.accept()
    with connection:
        connection.settimeout(0.2)
        try:
            return connection.recv(4096)
        except OSError:  # nothing was sent, or the other side is gone
            return b""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(LOCALHOST)
        return int(free.getsockname()[1])
