"""What is told of an address where something else than a dask scheduler answers."""

import logging
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from competition.errors import PodiumError
from competition.evaluation.cluster import connection

pytest.importorskip("distributed")

HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
SSH = b"SSH-2.0-OpenSSH_9.6\r\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer no longer than a second."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1.0)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Give the address of a server that deals with its callers one by one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:  # the test is over
                    return
                with suppress(OSError), caller:
                    answer(caller)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def saying(words: bytes) -> Callable[[socket.socket], None]:
    """Say something and wait until the caller leaves."""

    def answer(caller: socket.socket) -> None:
        caller.recv(1)
        caller.sendall(words)
        caller.settimeout(2.0)
        while caller.recv(4096):
            pass

    return answer


def framed(*frames: bytes) -> bytes:
    """Bytes that dask takes for a message of some frames."""
    body = struct.pack(f"{len(frames) + 1}Q", len(frames), *map(len, frames)) + b"".join(frames)
    return struct.pack("Q", len(body)) + body


def told(address: str) -> str:
    """What is told of an address: one line, of which dask's own messages are no part."""
    with pytest.raises(PodiumError) as caught, ExitStack() as stack:
        connection.connect(address, 0, stack)
    line = str(caught.value)
    assert line.startswith(f"--cluster {address}: ")
    assert "\n" not in line
    assert "allocate" not in line
    return line


@pytest.mark.parametrize(
    "words",
    [
        HTTP,
        SSH,
        bytes(64),
        bytes(range(200, 256)),
        framed(),
        framed(b"\x07"),
        framed(b"\x93\x01\x02\x03"),
        b"\x80" * 90,
    ],
    ids=["HTTP", "SSH", "zeros", "bytes", "no frame", "a number", "a list", "maps"],
)
def test_what_speaks_another_language_is_told(words: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), serving(saying(words)) as address:
        line = told(address)
    assert "no dask scheduler answers there, something else does; allowed: the address of a scheduler" in line
    assert caplog.records == []


# Eight bytes are a length, of which a modest one is waited for in vain: "no answer".
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.binary(max_size=40), max_size=3))
def test_any_bytes_in_the_form_of_a_message_are_told(frames: list[bytes]) -> None:
    with serving(saying(framed(*frames))) as address:
        assert "no dask scheduler answers there" in told(address)


def test_a_server_that_wants_tls_is_told() -> None:
    # No certificate: the server refuses the first bytes before it would show one.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def answer(caller: socket.socket) -> None:
        with suppress(ssl.SSLError):
            context.wrap_socket(caller, server_side=True)

    with serving(answer) as address:
        assert "something else does, or one that wants tls://; allowed: " in told(address)


def test_dask_may_speak_again_afterwards() -> None:
    before = logging.getLogger("distributed.comm.tcp").level
    with serving(saying(HTTP)) as address:
        told(address)
    assert logging.getLogger("distributed.comm.tcp").level == before
