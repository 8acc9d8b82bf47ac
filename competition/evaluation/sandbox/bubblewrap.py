"""The command line that puts a worker into namespaces of its own, with bubblewrap, and what it finds there."""

import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from competition.evaluation.sandbox.confine import SCRATCH_BYTES
from competition.evaluation.sources import CHILD_SOURCES

PROGRAM = "bwrap"
SCRATCH = "/podium-scratch"
SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/local/lib")
FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
MADE_BY_KERNEL = ("/proc/cpuinfo",)
HARNESS = Path(__file__).parents[3]


@cache
def readable() -> tuple[str, ...]:
    """Files and folders that a trial may read: Python, its packages, the system's libraries, our side of the trial."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    python = [prefix / part for prefix in prefixes for part in ("lib", "lib64", "pyvenv.cfg", "bin")]
    packages = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    wanted: list[str | Path] = [
        *SYSTEM,
        *FILES,
        *MADE_BY_KERNEL,
        *python,
        *packages,
        *site.getsitepackages(),
        *_sources(),
    ]
    # Where Python is the system's own, its folder of programs is every program's.
    return tuple(sorted({str(path) for path in wanted if os.path.exists(path) and str(path) != "/usr/bin"}))


def _sources() -> list[Path]:
    return [HARNESS / name for name in CHILD_SOURCES]


def command(program: Sequence[str], read: Iterable[str]) -> list[str]:
    """Return the command that runs a program in namespaces of its own.

    Parameters
    ----------
    program : sequence of str
        The program and its arguments.
    read : iterable of str
        What it finds there, for reading; it has an empty folder, `SCRATCH`, to write to, and no network.
    """
    as_root = os.geteuid() == 0
    # Root drops to an unprivileged user inside, and that user exists in the present user namespace alone.
    rights = ["CAP_SETUID", "CAP_SETGID", "CAP_DAC_READ_SEARCH"] if as_root else []
    return [
        shutil.which(PROGRAM) or PROGRAM,
        *([] if as_root else ["--unshare-user"]),
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(argument for right in rights for argument in ("--cap-add", right)),
        *_mounts(read),
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
        *("--perms", "0777", "--size", str(SCRATCH_BYTES), "--tmpfs", SCRATCH, "--remount-ro", "/", "--chdir", SCRATCH),
        "--",
        *program,
    ]


def _mounts(read: Iterable[str]) -> list[str]:
    arguments: list[str] = []
    mounted: list[str] = []
    # Shorter paths first: what lies in a folder that is mounted already is there.
    for path in sorted({*read, os.path.dirname(os.path.realpath(sys.executable))}, key=len):
        if path.startswith("/proc/") or any(path.startswith(f"{parent}/") for parent in mounted):
            continue
        if os.path.islink(path) and os.path.realpath(path) != path:
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind", path, path]
            mounted.append(path)
    return arguments
