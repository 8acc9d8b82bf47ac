"""Landlock: a process gives up all of the file system but the paths that it names, and TCP with it.

Linux only, by its three system calls, which glibc does not wrap (Linux, ``Documentation/userspace-api/landlock.rst``).
Nothing but the standard library is imported, since this runs in the process that a stranger's code then has to itself.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every machine
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG, MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
REFER, TRUNCATE = 1 << 13, 1 << 14

# Rights are numbered upwards from zero; each ABI adds to the end of a list.
N_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # the last ones: refer, truncate, ioctl on devices
TCP_RIGHTS = 0b11  # bind, connect
SCOPES = 0b11  # abstract Unix sockets, signals: neither leaves the process and its children

READ = READ_FILE | READ_DIR
# No symbolic links, sockets, pipes and device nodes: nothing in a scratch directory surprises whoever clears it.
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
ON_FILES = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def abi() -> int:
    """Version of Landlock that the kernel offers.

    Returns
    -------
    int
        0 where the kernel has none, has it switched off, or is not Linux.
    """
    try:
        return _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


def restrict(read: Iterable[str | Path], write: Iterable[str | Path]) -> None:
    """Give up all rights on files but these, TCP, and signals to other processes; for good.

    It binds the calling thread and whatever that starts. Running a file is given up everywhere; mapping a shared
    library is not, for that takes no more than to read it.

    Parameters
    ----------
    read : iterable of str or Path
        Files, and directories with all beneath them, that may be read. Of a path below ``/proc`` a descriptor stays
        open, and the rule holds for as long as it does; ``/proc/self`` is the calling process.
    write : iterable of str or Path
        Directories in which files and directories may also be made, written, moved and removed; files and devices that
        may be written. A path of either kind that does not exist is passed over.

    Raises
    ------
    OSError
        With ``errno.ENOSYS`` or ``EOPNOTSUPP`` where the kernel has no Landlock; or a path cannot be reached.
    """
    version = _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    others = struct.pack("Q", TCP_RIGHTS) if version >= 4 else b""
    others += struct.pack("Q", SCOPES) if version >= 6 else b""
    _restrict(version, ((read, READ), (write, WRITE)), others)


def restrict_files(grants: Iterable[tuple[Iterable[str | Path], int]]) -> None:
    """Give up all rights on files but these, for good; the network and other processes stay within reach.

    Parameters
    ----------
    grants : iterable of (iterable of str or Path, int)
        Paths, and rights on them and on all beneath them: `READ`, `WRITE`, `EXECUTE`, `MAKE_SYM` and so on.

    Raises
    ------
    OSError
        As `restrict`.
    """
    _restrict(_call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION), grants)


def _restrict(version: int, grants: Iterable[tuple[Iterable[str | Path], int]], others: bytes = b"") -> None:
    handled = (1 << N_FILE_RIGHTS[min(version, max(N_FILE_RIGHTS))]) - 1
    attributes = struct.pack("Q", handled) + others
    ruleset = _call(CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for paths, rights in grants:
            for path in paths:
                _allow(ruleset, path, rights & handled)
        # Without this the kernel takes restrictions from privileged processes only.
        if _libc().prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
            raise _failed("prctl")
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def outermost(paths: Iterable[str | Path]) -> list[str]:
    """Leave out paths that lie beneath another one, or are another name of it: its rule holds for them too."""
    real = {os.path.realpath(path): str(path) for path in paths}
    return [given for path, given in real.items() if not any(path.startswith(f"{other}/") for other in real)]


def _allow(ruleset: int, path: str | Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= ON_FILES
        _call(ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        # A rule is tied to an inode; procfs makes new ones when memory runs short, but not of what is open.
        if not str(path).startswith("/proc/"):
            os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    # Whole registers: a Python int would be passed as 32 bits and leave the upper half to chance.
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result: int = _libc().syscall(ctypes.c_long(number), *words)
    if result < 0:
        raise _failed("landlock")
    return result


def _libc() -> ctypes.CDLL:
    if _LIBC is None:
        raise OSError(errno.ENOSYS, "Landlock needs Linux")
    return _LIBC


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
