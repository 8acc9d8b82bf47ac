"""Shut a program of ours in that handles a stranger's files: it finds what it needs, the network, and nothing else.

Unlike a trial it is trusted, so this is less strict: it may connect, start processes and take its time. The launcher
runs without installed packages: standard library only.
"""

import ctypes
import json
import os
import shutil
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from competition.evaluation.sandbox import landlock
from competition.evaluation.sandbox.bubblewrap import HARNESS, PROGRAM

Way = Literal["bubblewrap", "landlock", "none"]  # the best first
WAYS: tuple[Way, ...] = get_args(Way)
EXECUTE, MAKE_SYMBOLIC_LINKS = 1 << 0, 1 << 12  # Landlock's rights that a trial never has


@dataclass(frozen=True)
class Reach:
    """Files and folders that a program finds where it is shut in: for reading, for running too, for writing."""

    read: tuple[str, ...]
    run: tuple[str, ...]
    write: tuple[str, ...]


def shut_in(way: Way, command: Sequence[str], reach: Reach) -> list[str]:
    """Return the command that runs another one where it finds its reach, the network, and nothing else."""
    if way == "bubblewrap":
        # What root may write it may write here too: a folder of another user's, as in containers.
        rights = ["--cap-add", "CAP_DAC_OVERRIDE"] if os.geteuid() == 0 else []
        binds = [("--ro-bind", path) for path in sorted({*reach.read, *reach.run}, key=len)]
        binds += [("--bind", path) for path in reach.write]
        return [
            shutil.which(PROGRAM) or PROGRAM,
            *("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL", *rights),
            *("--proc", "/proc", "--dev", "/dev"),
            *(word for option, path in binds for word in (option, path, path)),
            *("--remount-ro", "/", "--chdir", "/", "--", *command),
        ]
    if way == "landlock":
        boot = (
            "import sys; sys.path.insert(0, sys.argv[1]); "
            "from competition.evaluation import enclosure; enclosure.launch(sys.argv[2], sys.argv[3:])"
        )
        return [sys.executable, "-I", "-S", "-c", boot, str(HARNESS), json.dumps(asdict(reach)), *command]
    return list(command)


def launch(reach: str, command: Sequence[str]) -> None:
    """Shut this process in with Landlock, and become another program.

    Unlike a trial it may connect, run what it was given to run, and make symbolic links, which uv's cache consists of.
    """
    paths = Reach(**json.loads(reach))
    handled = (1 << landlock.N_FILE_RIGHTS[min(landlock.abi(), max(landlock.N_FILE_RIGHTS))]) - 1
    ruleset = landlock._call(landlock.CREATE_RULESET, struct.pack("Q", handled), 8, 0)
    for allowed, rights in (
        ((*paths.read, "/proc", "/dev/urandom"), landlock.READ),
        ((*paths.write, "/dev/null"), landlock.WRITE | MAKE_SYMBOLIC_LINKS),
        (paths.run, landlock.READ | EXECUTE),
    ):
        for path in allowed:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            fitting = rights if os.path.isdir(path) else rights & (landlock.ON_FILES | EXECUTE)
            rule = struct.pack("=Qi", fitting & handled, descriptor)
            landlock._call(landlock.ADD_RULE, ruleset, landlock.RULE_PATH_BENEATH, rule, 0)
            os.close(descriptor)
    landlock._libc().prctl(landlock.PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    landlock._call(landlock.RESTRICT_SELF, ruleset, 0)
    os.execv(command[0], list(command))
