"""What one process at a time may have on this machine: a core, an unprivileged user.

A claim is an abstract Unix socket, which the kernel takes back when its holder ends, however it ends; so two runs at
once do not pin their trials to the same cores, and no two workers share a user.
"""

import os
import random
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

NAME = "podium"
# No system gives these to a user or a service (systemd, "Users, Groups, UIDs and GIDs on systemd Systems").
UNPRIVILEGED = range(61184, 65520)
# What root needs to hand a folder to another user, become that user, end it and clear up after it (linux/capability.h).
CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID = 0, 1, 2, 5, 6, 7
TO_BE_ANOTHER = (CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID)


@contextmanager
def claimed(name: str) -> Iterator[bool]:
    """Claim something for as long as the context lasts; False if another process has it, or sockets are refused."""
    with ExitStack() as stack:
        try:
            stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(f"\0{NAME}-{name}")
        except OSError:
            is_mine = False
        else:
            is_mine = True
        yield is_mine


# --- cores ---


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def claimed_cores(jobs: int, threads: int) -> Iterator[list[list[int]]]:
    """Claim the cores of each job, so that two trials never share one.

    Parameters
    ----------
    jobs, threads : int
        Number of jobs, and of cores that each needs.

    Yields
    ------
    list of list of int
        Cores of each job; empty lists, for any core, where there are not enough free ones, or they cannot be pinned.
    """
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    wanted = jobs * threads
    with ExitStack() as stack:
        mine: list[int] = []
        if wanted <= len(allowed):
            free = (core for core in allowed if stack.enter_context(claimed(f"core-{core}")))
            mine = list(islice(free, wanted))
        if len(mine) < wanted:
            stack.close()
            mine = []
        yield [mine[job * threads : (job + 1) * threads] for job in range(jobs)]


# --- users ---


@contextmanager
def claimed_user(reads: Iterable[str] = ()) -> Iterator[int | None]:
    """Claim the number of a user whom nobody else is; None for who this process is, where it is not root.

    None as well in a user namespace that has no other user, and where root lacks the rights to become one, as in a
    container that drops them.

    Parameters
    ----------
    reads : iterable of str
        What that user has to read; where only root may, it takes one right more.
    """
    if sys.platform != "linux" or os.geteuid() != 0 or not _can_be_another(reads):
        yield None
        return
    import pwd

    taken = {entry.pw_uid for entry in pwd.getpwall()}
    mapped = [range(first, first + count) for first, count in _mapped()]
    free = [uid for uid in UNPRIVILEGED if uid not in taken and any(uid in numbers for numbers in mapped)]
    random.SystemRandom().shuffle(free)
    with ExitStack() as stack:
        yield next((uid for uid in free if stack.enter_context(claimed(f"user-{uid}"))), next(iter(free), None))


def _can_be_another(reads: Iterable[str]) -> bool:
    """Whether this process has the rights that it takes to become another user who reads these files."""
    status = Path("/proc/self/status").read_text("ascii")
    effective = int(next(line for line in status.splitlines() if line.startswith("CapEff:")).split()[1], 16)
    has = [right for right in range(effective.bit_length()) if effective >> right & 1]
    return set(TO_BE_ANOTHER) <= set(has) and (CAP_DAC_READ_SEARCH in has or all(map(_is_open_to_all, reads)))


def _is_open_to_all(path: str) -> bool:
    """Whether every user may read a file or what is in a folder: by its mode, and those of the folders above."""
    real = Path(path).resolve()
    enter = 0o001
    read = 0o004 | (enter if real.is_dir() else 0)
    return real.stat().st_mode & read == read and all(folder.stat().st_mode & enter for folder in real.parents)


def _mapped() -> list[tuple[int, int]]:
    """First number and count of each run of users that this user namespace has, where groups have the same."""
    maps = [Path(f"/proc/self/{kind}_map").read_text("ascii").splitlines() for kind in ("uid", "gid")]
    users, groups = ({(int(line.split()[0]), int(line.split()[2])) for line in lines} for lines in maps)
    return sorted(users & groups)
