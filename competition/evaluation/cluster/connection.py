"""From the address of a cluster to a client of dask's."""

import asyncio
import contextlib
import importlib
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from competition.errors import PodiumError

ANSWER_SECONDS = 10.0
HANDSHAKES = 3
ALLOWED = "allowed: tcp://HOST:PORT, tls://HOST:PORT, or local:N for N worker processes on this machine"
_SCHEDULER = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})")
_LOCAL = re.compile(r"local:(\d{1,4})")


def check_address(address: str) -> int:
    """Return the number of local workers that an address asks for, 0 for the address of a scheduler.

    Raises
    ------
    PodiumError
        If it is no address.
    """
    local, scheduler = _LOCAL.fullmatch(address), _SCHEDULER.fullmatch(address)
    if local and int(local[1]) > 0:
        return int(local[1])
    if scheduler and 0 < int(scheduler[1]) < 2**16:
        return 0
    raise PodiumError(f"--cluster: found {address!r}", ALLOWED)


def connect(address: str, n_local: int, closing: ExitStack) -> Any:
    """Return a client of the scheduler at an address, or of a new one with local workers; `closing` ends it."""
    distributed = dask_module("distributed")
    # What a client logs when its scheduler goes is said in one line by whoever uses it.
    logger = logging.getLogger("distributed.client")
    closing.callback(logger.setLevel, logger.level)
    logger.setLevel(logging.CRITICAL)
    if not n_local:
        _greet(address)
        return closing.enter_context(_client(address))
    no_pages: dict[str, list[str]] = {f"distributed.{node}.http.routes": [] for node in ("scheduler", "worker")}
    try:
        with dask_module("dask").config.set(no_pages):
            local = distributed.LocalCluster(
                n_workers=n_local,
                threads_per_worker=1,
                memory_limit=0,  # trials are processes of their own, with a limit of their own
                security=True,  # keys for this run alone: whoever reaches a scheduler can run code on it
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,
            )
    except ImportError as error:
        raise _not_installed(error) from None
    closing.enter_context(local)
    return closing.enter_context(distributed.Client(local, set_as_default=False))


def _client(address: str) -> Any:
    """Return a client. Dask's asserts that a scheduler's first batch holds one message; a busy one's may hold more."""
    distributed = dask_module("distributed")
    for _ in range(HANDSHAKES - 1):
        with contextlib.suppress(AssertionError):
            return distributed.Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    return distributed.Client(address, timeout=ANSWER_SECONDS, set_as_default=False)


def _greet(address: str) -> None:
    """Make sure that a scheduler answers; dask's client waits without end for one that accepts and says nothing."""
    distributed = dask_module("distributed")
    arguments = distributed.Security().get_connection_args("client")
    if address.startswith("tls:") and arguments.get("ssl_context") is None:
        hint = "set distributed.comm.tls in dask's configuration"
        raise PodiumError(f"--cluster {address}: dask has no certificates here", hint)
    with _silent("distributed.comm.tcp", "distributed.protocol.core"):
        kind = _kind(address, arguments)
    if not kind:
        raise _stranger(address)
    if kind != "Scheduler":
        raise PodiumError(f"--cluster {address}: a dask {kind} answers there, not a scheduler", _start(address))


def _kind(address: str, arguments: dict[str, Any]) -> str:
    """Return what a dask server says that it is, nothing where something else answers."""
    distributed = dask_module("distributed")

    async def ask() -> Any:
        async with distributed.rpc(address, connection_args=arguments) as server:
            return await asyncio.wait_for(server.identity(), ANSWER_SECONDS)

    try:
        # In a thread of its own, since a notebook has an event loop already.
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(asyncio.run, ask()).result()
    except TimeoutError:
        raise PodiumError(f"--cluster {address}: no answer within {ANSWER_SECONDS:g} s", _start(address)) from None
    except distributed.comm.CommClosedError:
        other = "one that wants tls://" if address.startswith("tcp:") else "one without these certificates"
        raise _stranger(address, f", or {other}") from None
    except OSError as error:
        raise PodiumError(f"--cluster {address}: no dask scheduler answers there ({error})", _start(address)) from None
    except Exception:  # whatever comes of taking a stranger's bytes for a length, for frames, for a message
        return ""
    kind = found.get("type") if isinstance(found, dict) else None
    return kind if isinstance(kind, str) else ""


def _stranger(address: str, otherwise: str = "") -> PodiumError:
    version = dask_module("distributed").__version__
    return PodiumError(
        f"--cluster {address}: no dask scheduler answers there, something else does{otherwise}",
        f"allowed: the address of a scheduler of dask {version}, as here; "
        "start a scheduler on a free port with `dask scheduler --port PORT`",
    )


def _start(address: str) -> str:
    return f"start a scheduler there with `dask scheduler --port {address.rpartition(':')[2]}`"


@contextlib.contextmanager
def _silent(*names: str) -> Iterator[None]:
    """Keep what some loggers have to say from the terminal, for what one line says afterwards."""
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def dask_module(name: str) -> Any:
    """Return a module of dask's, which nothing else needs."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _not_installed(error) from None


def _not_installed(error: ImportError) -> PodiumError:
    return PodiumError(f"--cluster: dask.distributed cannot be imported ({error})", "pip install 'podium[cluster]'")
