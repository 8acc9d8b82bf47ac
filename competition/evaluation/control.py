"""What the harness and a worker say to each other, and how: JSON messages on a socket, with descriptors.

The worker reads this too: the standard library alone.
"""

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

from competition.evaluation.sandbox.confine import Confinement

LENGTH = struct.Struct("<I")
TRIAL = "competition.evaluation.trial"


@dataclass(frozen=True)
class Runtime:
    """What a worker has imported before it forks, and what its trials can import.

    Parameters
    ----------
    preload : tuple of str
        Modules that it imports before it forks.
    site_packages : str or None
        Folder of a solution's own packages, seen by the confined trial alone; None for the running environment's.
    """

    preload: tuple[str, ...] = (TRIAL,)
    site_packages: str | None = None


@dataclass(frozen=True)
class Setting:
    """What a worker is started with.

    Parameters
    ----------
    confinement : Confinement
        Of its trials; its user is the worker's own as well.
    runtime : Runtime
        Its modules and packages.
    cpus : tuple of int
        Cores of the worker and its trials; empty for any. On one core an order and a fork need not wake another.
    """

    confinement: Confinement
    runtime: Runtime
    cpus: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> "Setting":
        """Read what the harness wrote."""
        content = json.loads(text)
        preload, site_packages = content["runtime"]["preload"], content["runtime"]["site_packages"]
        confinement = confinement_from(content["confinement"])
        return cls(confinement, Runtime(tuple(preload), site_packages), tuple(content["cpus"]))


def confinement_from(content: dict[str, Any]) -> Confinement:
    """Return the confinement that the harness wrote as JSON."""
    return Confinement(content["level"], tuple(content["read"]), content["uid"])


@dataclass(frozen=True)
class Order:
    """What a trial is told; what it is given comes as `Descriptors`.

    Parameters
    ----------
    name : str
        The solution's file, as it stands in a traceback.
    kind : {"source", "pickle"}
        Whether the program is the text of a solution or a pickled estimator.
    classes : list or None
        Class labels in the competition's order, None for regression.
    alone : bool
        Whether a row's prediction must not depend on the other rows.
    seed, threads : int
        Arguments of ``make_estimator``.
    seconds : float
        Wall-clock limit.
    memory_bytes : int
        Limit of the address space.
    """

    name: str
    kind: str
    classes: list[Any] | None
    alone: bool
    seed: int
    threads: int
    seconds: float
    memory_bytes: int


class Descriptors(NamedTuple):
    """What a trial is given, in the order in which it is sent: memory, and the pipe that takes the answer.

    Parameters
    ----------
    program : int
        Text of a solution, or a pickled estimator.
    train, predict : int
        Features to fit on and to predict.
    labels : int
        Rows of both, and the labels.
    pipe : int
        Where the answer goes.
    """

    program: int
    train: int
    predict: int
    labels: int
    pipe: int


@dataclass(frozen=True)
class Ended:
    """How a trial ended, as its worker saw it.

    Parameters
    ----------
    status : int
        Exit code of its process, or less than zero: the signal that ended it.
    stopped : str or None
        Why the worker ended it: ``"timeout"``, or what it used too much of.
    seconds : float
        Wall time.
    peak_bytes : int
        Largest resident memory.
    trouble : str or None
        What went wrong with the machine, so that a failure is not the solution's: it could not be set up, the kernel
        had no memory left, the disk was full.
    reference_seconds : float
        What the reference job takes on this machine at this time.
    """

    status: int
    stopped: str | None
    seconds: float
    peak_bytes: int
    trouble: str | None
    reference_seconds: float


def send(control: socket.socket, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
    """Send a JSON message, with descriptors if any."""
    body = json.dumps(message).encode()
    prefix = LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(control, [prefix], descriptors)
        control.sendall(body)
    else:
        control.sendall(prefix + body)


def receive(control: socket.socket, n_descriptors: int = 0) -> tuple[dict[str, Any], list[int]] | None:
    """Receive a message and its descriptors, None when the other side has gone."""
    try:
        prefix, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, n_descriptors)
        if len(prefix) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(prefix)
        body = bytearray()
        while len(body) < length:
            part = control.recv(length - len(body))
            if not part:
                return None
            body += part
    except ConnectionResetError:
        return None
    return json.loads(body), list(descriptors)
