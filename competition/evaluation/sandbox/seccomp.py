"""A system call filter for trials: an allow-list in classic BPF, for x86_64 and aarch64.

A call that is not in the tables is refused, so the tables are the whole of what a trial can ask of the kernel: memory
and threads of its own, the clock, and files, which Landlock judges by path. It imports the standard library alone.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

# Each entry: name, number on x86_64, number on aarch64; "-" where a machine has no such call.
ALLOWED = """
    # its own memory
    brk 12 214  mmap 9 222  munmap 11 215  mremap 25 216  mprotect 10 226  madvise 28 233  msync 26 227
    membarrier 324 283

    # its own threads (clone is below), and its end
    set_tid_address 218 96  set_robust_list 273 99  rseq 334 293  futex 202 98  gettid 186 178
    sched_yield 24 124  sched_getaffinity 204 123  sched_getparam 143 121  sched_getscheduler 145 120
    sched_get_priority_max 146 125  sched_get_priority_min 147 126  getcpu 309 168  arch_prctl 158 -
    exit 60 93  exit_group 231 94

    # handling signals (sending them is below)
    rt_sigaction 13 134  rt_sigprocmask 14 135  rt_sigpending 127 136  rt_sigtimedwait 128 137
    rt_sigsuspend 130 133  rt_sigreturn 15 139  sigaltstack 131 132  restart_syscall 219 128  pause 34 -
    alarm 37 -  setitimer 38 103  getitimer 36 102

    # reading the clock and sleeping (clocks by number are below)
    nanosleep 35 101  gettimeofday 96 169  time 201 -  times 100 153

    # asking who and where it is; waiting for children, of which it has none
    getpid 39 172  getppid 110 173  getpgrp 111 -  getpgid 121 155  getsid 124 156  getuid 102 174
    geteuid 107 175  getgid 104 176  getegid 108 177  getresuid 118 148  getresgid 120 150  getgroups 115 158
    uname 63 160  getrusage 98 165  getrlimit 97 163  getpriority 140 141  capget 125 90
    getrandom 318 278  umask 95 166  wait4 61 260  waitid 247 95

    # descriptors, pipes, events, and waiting for them
    read 0 63  write 1 64  readv 19 65  writev 20 66  pread64 17 67  pwrite64 18 68  preadv 295 69
    pwritev 296 70  lseek 8 62  close 3 57  dup 32 23  dup2 33 -
    dup3 292 24  pipe 22 -  pipe2 293 59  eventfd 284 -  eventfd2 290 19
    timerfd_create 283 85  timerfd_settime 286 86  timerfd_gettime 287 87  signalfd 282 -  signalfd4 289 74
    poll 7 -  ppoll 271 73  select 23 -  pselect6 270 72  epoll_create 213 -  epoll_create1 291 20
    epoll_ctl 233 21  epoll_wait 232 -  epoll_pwait 281 22  epoll_pwait2 441 441

    # files by path, as far as Landlock lets it (open is below); what Landlock does not judge, such as modes, owners,
    # times, locks, attributes and what is cached, is left out: where a file may be read, it is a channel to others
    creat 85 -  stat 4 -  fstat 5 80  lstat 6 -  newfstatat 262 79  statx 332 291  statfs 137 43
    fstatfs 138 44  access 21 -  faccessat 269 48  readlink 89 -  readlinkat 267 78  getdents 78 -
    getdents64 217 61  getcwd 79 17  chdir 80 49  fchdir 81 50  mkdir 83 -  mkdirat 258 34  rmdir 84 -
    unlink 87 -  unlinkat 263 35  rename 82 -  renameat 264 38  renameat2 316 276
    symlink 88 -  symlinkat 266 36  ftruncate 77 46  fsync 74 82  fdatasync 75 83
    sendfile 40 71  copy_file_range 326 285
"""

# Calls that are allowed for some arguments only; the rules are in `_conditions`.
CONDITIONAL = """
    open 2 -  openat 257 56  fallocate 285 47  fcntl 72 25  ioctl 16 29  prctl 157 167  clone 56 220
    clock_gettime 228 113  clock_getres 229 114  clock_nanosleep 230 115
    kill 62 129  tgkill 234 131  rt_sigqueueinfo 129 138  rt_tgsigqueueinfo 297 240  prlimit64 302 261
    close_range 436 436
"""

MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}  # column, AUDIT_ARCH, seccomp's number
X32_BIT = 0x40000000
# Machines number calls alike from here on (Linux 5.1); programs that use these must do without them on older kernels.
FIRST_OPTIONAL = 424

O_ACCMODE, O_TRUNC = 0o3, 0o1000
F_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032)  # DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC, GETPIPE_SZ
IOCTLS = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
PRCTLS = (
    *(2, 3, 15, 16, 21),  # GET_PDEATHSIG, GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP
    *(23, 39, 42, 0x41555856),  # CAPBSET_READ, GET_NO_NEW_PRIVS, GET_THP_DISABLE, GET_AUXV
    *(51, 56, 64),  # SVE_GET_VL, GET_TAGGED_ADDR_CTRL, SME_GET_VL: how aarch64 computes
    0x53564D41,  # SET_VMA: names of memory areas
)
N_CLOCKS = 16  # of the machine and of the calling process; others are files', or other processes'
CLONE_FILES, CLONE_THREAD = 0x00000400, 0x00010000
CLONE_NAMESPACES = 0x7E020000  # NEWNS; NEWCGROUP, UTS, IPC, USER, PID and NET
CLOSE_RANGE_CLOEXEC = 1 << 2

LOAD, RETURN, AND = 0x20, 0x06, 0x54
EQUAL, GREATER_OR_EQUAL = 0x15, 0x35
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

RET_ALLOW, RET_KILL, RET_ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
PR_SET_NO_NEW_PRIVS = 38
SET_MODE_FILTER, FLAG_SPEC_ALLOW = 1, 1 << 2

INSTRUCTION, OPERAND = struct.Struct("HBBI"), struct.Struct("I")
NOBODY = 2**32 - 1  # stands for a process id that is not known yet; no rule has such an operand

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Instruction(NamedTuple):
    """One instruction of classic BPF: operation, jumps if true and if false, operand."""

    code: int
    jt: int
    jf: int
    k: int


Program = list[Instruction]


def prepare() -> None:
    """Assemble the filter, so that processes forked from this one need not.

    Raises
    ------
    OSError
        With ``errno.ENOTSUP`` where the machine is none of `MACHINES`.
    """
    _assembled(_machine())


def install(pid: int | None = None) -> None:
    """Filter the system calls of the calling thread, and of the threads that it starts, for good.

    Parameters
    ----------
    pid : int or None
        The process that may be signalled; None for the calling one.

    Raises
    ------
    OSError
        With ``errno.ENOTSUP`` where the machine is none of `MACHINES`, or what the kernel says where it has no seccomp.
    """
    machine = _machine()
    assembled, places = _assembled(machine)
    code = ctypes.create_string_buffer(assembled, len(assembled))
    for place in places:
        OPERAND.pack_into(code, place, os.getpid() if pid is None else pid)
    header = struct.pack("HP", len(assembled) // INSTRUCTION.size, ctypes.addressof(code))
    # Before Linux 5.16 a filter switches off speculation past stores, which slows a fit and guards nothing here.
    install_call = (MACHINES[machine][2], SET_MODE_FILTER, FLAG_SPEC_ALLOW)
    if (
        _LIBC is None
        or _LIBC.prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0
        or (_LIBC.syscall(*map(ctypes.c_long, install_call), header) != 0)
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _machine() -> str:
    machine = os.uname().machine if sys.platform == "linux" else ""
    if machine not in MACHINES or struct.calcsize("P") != 8:
        raise OSError(errno.ENOTSUP, f"there are system call filters for 64-bit Linux on {' and '.join(MACHINES)} only")
    return machine


@cache
def _assembled(machine: str) -> tuple[bytes, tuple[int, ...]]:
    """The filter as bytes, and where in them the process id goes."""
    instructions = program(machine, NOBODY)
    places = (
        position * INSTRUCTION.size + INSTRUCTION.size - OPERAND.size
        for position, instruction in enumerate(instructions)
        if instruction.k == NOBODY
    )
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in instructions), tuple(places)


def program(machine: str, pid: int) -> Program:
    """Filter as instructions of classic BPF.

    Parameters
    ----------
    machine : {"x86_64", "aarch64"}
        As ``os.uname`` tells it.
    pid : int
        The process that may be signalled.

    Returns
    -------
    list of Instruction
        Every jump passes over one rule at most, so none comes near the 255 instructions that it can reach.
    """
    column, architecture, _ = MACHINES[machine]
    instructions = [
        *_load(ARCHITECTURE),
        *_unless(EQUAL, architecture, _return(RET_KILL)),
        *_load(NUMBER),
        *_when(GREATER_OR_EQUAL, X32_BIT, _return(RET_KILL)),
    ]
    conditions = _conditions(pid)
    for name, number in numbers(CONDITIONAL, column).items():
        instructions += _when(EQUAL, number, conditions[name])
    for first, last in _runs(numbers(ALLOWED, column).values()):
        instructions += _when(GREATER_OR_EQUAL, first, _unless(GREATER_OR_EQUAL, last + 1, _return(RET_ALLOW)))
    # glibc goes back to clone and faccessat only if the newer call does not exist.
    instructions += _when(GREATER_OR_EQUAL, FIRST_OPTIONAL, _refuse(errno.ENOSYS))
    return instructions + _refuse(errno.EPERM)


def numbers(table: str, column: int) -> dict[str, int]:
    """Numbers of a table's calls on one machine; column 0 is x86_64, 1 is aarch64."""
    words = [word for line in table.splitlines() for word in line.partition("#")[0].split()]
    entries = zip(words[::3], words[1 + column :: 3], strict=True)
    return {name: int(number) for name, number in entries if number != "-"}


def _runs(values: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of consecutive numbers; fewer tests than one a number."""
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs


def _conditions(pid: int) -> dict[str, Program]:
    """Rule of each conditional call; a rule loads arguments, and returns on every way through."""
    clock = [*_low(0), *_when(GREATER_OR_EQUAL, N_CLOCKS, _refuse(errno.EINVAL)), *_return(RET_ALLOW)]
    to_itself = [*_low(0), *_allow_if_in([pid]), *_refuse(errno.EPERM)]
    return {
        "open": _opening(1),
        "openat": _opening(2),
        # Other modes take space beyond the file's end, past the limit on its size.
        "fallocate": [*_low(1), *_allow_if_in([0]), *_refuse(errno.EPERM)],
        # Locks, leases and pipe sizes reach others who have the same file open.
        "fcntl": [*_low(1), *_allow_if_in(F_COMMANDS), *_refuse(errno.EPERM)],
        "ioctl": [*_low(1), *_allow_if_in(IOCTLS), *_refuse(errno.ENOTTY)],
        "prctl": [*_low(0), *_allow_if_in(PRCTLS), *_refuse(errno.EPERM)],
        "clone": [
            *_low(0),
            Instruction(AND, 0, 0, CLONE_THREAD | CLONE_FILES | CLONE_NAMESPACES),
            *_allow_if_in([CLONE_THREAD | CLONE_FILES]),
            *_refuse(errno.EPERM),
        ],
        # As with clone: a thread with descriptors of its own would have a limit on them of its own.
        "close_range": [*_low(2), *_allow_if_in([0, CLOSE_RANGE_CLOEXEC]), *_refuse(errno.EPERM)],
        "clock_gettime": clock,
        "clock_getres": clock,
        "clock_nanosleep": clock,
        "kill": to_itself,
        "tgkill": to_itself,
        "rt_sigqueueinfo": to_itself,
        "rt_tgsigqueueinfo": to_itself,
        # Reading its own limits: the pointer to new ones, 64 bits of it, is null.
        "prlimit64": [
            *_low(2),
            *_unless(EQUAL, 0, _refuse(errno.EPERM)),
            *_high(2),
            *_unless(EQUAL, 0, _refuse(errno.EPERM)),
            *_low(0),
            *_allow_if_in([0, pid]),
            *_refuse(errno.EPERM),
        ],
    }


def _opening(flags: int) -> Program:
    """Allow opening, but not to truncate a file that is not opened to write: Landlock before ABI 3 misses that."""
    return [
        *_low(flags),
        Instruction(AND, 0, 0, O_ACCMODE | O_TRUNC),
        *_when(EQUAL, O_TRUNC, _refuse(errno.EPERM)),
        *_when(EQUAL, O_TRUNC | O_ACCMODE, _refuse(errno.EPERM)),
        *_return(RET_ALLOW),
    ]


# --- pieces of programs ---


def _load(offset: int) -> Program:
    return [Instruction(LOAD, 0, 0, offset)]


def _low(argument: int) -> Program:
    """Load the lower half of an argument: all of it that the kernel looks at where the argument is an int."""
    return _load(ARGUMENTS + 8 * argument)


def _high(argument: int) -> Program:
    return _load(ARGUMENTS + 8 * argument + 4)


def _when(test: int, operand: int, rule: Program) -> Program:
    return [Instruction(test, 0, len(rule), operand), *rule]


def _unless(test: int, operand: int, rule: Program) -> Program:
    return [Instruction(test, len(rule), 0, operand), *rule]


def _allow_if_in(values: Iterable[int]) -> Program:
    return [instruction for value in values for instruction in _when(EQUAL, value, _return(RET_ALLOW))]


def _return(action: int) -> Program:
    return [Instruction(RETURN, 0, 0, action)]


def _refuse(number: int) -> Program:
    return _return(RET_ERRNO | number)
