"""Shut a program of ours in that handles a stranger's files: it finds what it needs, the network, and nothing else.

Unlike a trial it is trusted, so this is less strict: it may connect, start processes and take its time. The launcher
runs without installed packages: standard library only.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from competition.evaluation.sandbox import landlock
from competition.evaluation.sandbox.bubblewrap import PROGRAM

Way = Literal["bubblewrap", "landlock", "none"]  # the best first
LAUNCHER = Path(__file__).with_name("launcher.py")
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class Reach:
    """What a program finds where it is shut in.

    Parameters
    ----------
    read, run, write : tuple of str
        Files and folders: for reading, for running too, for writing.
    file_bytes : int
        Size of the largest file that it can write, however it is shut in.
    """

    read: tuple[str, ...]
    run: tuple[str, ...]
    write: tuple[str, ...]
    file_bytes: int


def shut_in(way: Way, command: Sequence[str], reach: Reach) -> list[str]:
    """Return the command that runs another one where it finds its reach, the network, and nothing else."""
    landlocked = json.dumps(asdict(reach)) if way == "landlock" else ""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(reach.file_bytes), landlocked]
    if way == "bubblewrap":
        # What root may write it may write here too: a folder of another user's, as in containers.
        rights = ["--cap-add", "CAP_DAC_OVERRIDE"] if os.geteuid() == 0 else []
        binds = [("--ro-bind", path) for path in sorted({*reach.read, *reach.run}, key=len)]
        binds += [("--bind", path) for path in reach.write]
        return [
            *launcher,
            shutil.which(PROGRAM) or PROGRAM,
            *("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL", *rights),
            *("--proc", "/proc", "--dev", "/dev"),
            *(word for option, path in binds for word in (option, path, path)),
            *("--remount-ro", "/", "--chdir", "/", "--", *command),
        ]
    return [*launcher, *command]


def restrict(reach: str) -> None:
    """Shut this process in with Landlock; what it may reach is JSON.

    Unlike a trial it may connect, run what it was given to run, and make symbolic links, which uv's cache consists of.
    """
    allowed = Reach(**json.loads(reach))
    landlock.restrict_files(
        (
            ((*allowed.read, "/proc", "/dev/urandom"), landlock.READ),
            ((*allowed.write, "/dev/null"), landlock.WRITE | landlock.MAKE_SYM),
            (allowed.run, landlock.READ | landlock.EXECUTE),
        )
    )
