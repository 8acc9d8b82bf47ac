"""Which levels of isolation this machine holds, found by trying."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from competition.errors import PodiumError
from competition.evaluation.claims import claimed_user
from competition.evaluation.sandbox import bubblewrap, landlock, seccomp
from competition.evaluation.sandbox.confine import Confinement
from competition.repository import temporary_folder

Level = Literal["namespaces", "kernel", "none"]
LEVELS: tuple[Level, ...] = get_args(Level)
TRY_SECONDS = 60
RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
UNCONFINED = "--security-opt seccomp=unconfined --security-opt apparmor=unconfined"


@dataclass(frozen=True)
class Finding:
    """Whether this machine holds a level, and if not why, and the command that would give it."""

    level: Level
    holds: bool
    why: str = ""
    remedy: str = ""


def check_name(demanded: str | None) -> None:
    """Refuse the name of a level that there is not.

    Raises
    ------
    PodiumError
        If it is none.
    """
    if demanded is not None and demanded not in LEVELS:
        raise PodiumError(f"--isolation: found '{demanded}'; allowed: {', '.join(LEVELS)}")


def choose(demanded: str | None) -> Level:
    """Return the level that is demanded, or the strongest one that this machine holds.

    Raises
    ------
    PodiumError
        If the level is unknown or this machine lacks it.
    """
    if demanded is None:
        held = next((level for level in LEVELS if probe(level).holds), None)
        if held is None:
            raise PodiumError(f"this machine runs no trial at all: {probe('none').why}", "`podium doctor` tells more")
        return held
    check_name(demanded)
    level: Level = next(level for level in LEVELS if level == demanded)
    finding = probe(level)
    if not finding.holds:
        hint = finding.remedy or "`podium doctor` tells more"
        raise PodiumError(f"--isolation: this machine does not hold '{level}': {finding.why}", hint)
    return level


def probe(level: Level) -> Finding:
    """Try a level: shut a process in and let it reach for what it must not get."""
    if level != "none" and (sys.platform != "linux" or platform.machine() not in seccomp.MACHINES):
        return Finding(level, False, f"{platform.system()} on {platform.machine()} has none of it")
    with temporary_folder("podium-try-") as folder, claimed_user(bubblewrap.readable()) as uid:
        secret, scratch = Path(folder, "secret"), Path(folder, "scratch")
        secret.write_text("secret")
        scratch.mkdir()
        setting = confinement(level, uid)
        if setting.uid is not None:
            os.chmod(folder, 0o755)
            os.chown(scratch, setting.uid, setting.uid)
        reach = ["attempt", json.dumps(asdict(setting)), str(secret)]
        try:
            tried = subprocess.run(
                start(level, reach, setting.read, with_packages=False),
                cwd=scratch,
                env={},
                capture_output=True,
                text=True,
                timeout=TRY_SECONDS,
            )
        except FileNotFoundError:
            return Finding(level, False, "bubblewrap is not installed", _install_command())
        except subprocess.TimeoutExpired:
            # Not to be taken for a level that is not held: a run would go on with a weaker one.
            raise PodiumError(
                f"the attempt at level '{level}' took more than {TRY_SECONDS} s: is the machine overloaded?",
                "try again, or name the level with --isolation",
            ) from None
    if tried.returncode == 0 and tried.stdout == "held\n":
        return Finding(level, True)
    why = (tried.stderr or tried.stdout).strip().splitlines()
    return _missing(level, why[-1] if why else f"the attempt ended with exit code {tried.returncode}")


def confinement(level: Level, uid: int | None) -> Confinement:
    """Return how a worker of this level is confined, which becomes an unprivileged user if one is given."""
    return Confinement(level, bubblewrap.readable(), uid)


def start(level: Level, arguments: Sequence[str], read: Sequence[str], with_packages: bool) -> list[str]:
    """Return the command that runs a program of `child` at a level.

    Parameters
    ----------
    arguments : sequence of str
        ``attempt`` or ``serve``, and what they take.
    read : sequence of str
        What it finds at level ``namespaces``.
    with_packages : bool
        Whether it can import the packages of the running environment.
    """
    boot = (
        "import sys; sys.path.insert(0, sys.argv[1]); import competition.evaluation.child as child; "
        "del sys.path[0]; child.main(sys.argv[2:])"
    )
    # -s -P: nothing from the user's folders (the environment is ours, so -I, which would make Python's hashes random,
    # is not needed); -S: nor from installed packages, whose .pth files are code.
    options = ["-s", "-P"] if with_packages else ["-s", "-P", "-B", "-S"]
    program = [sys.executable, *options, "-c", boot, str(bubblewrap.HARNESS), *arguments]
    return bubblewrap.command(program, read) if level == "namespaces" else program


def _missing(level: Level, why: str) -> Finding:
    if landlock.abi() == 0:
        return Finding(level, False, "the kernel has no Landlock", "boot with `lsm=landlock,...` (Linux 5.13 or newer)")
    if level == "namespaces" and _is_about_namespaces(why):
        return Finding(level, False, f"bubblewrap may not make namespaces ({why})", _how_to_allow_namespaces())
    return Finding(level, False, why)


def _how_to_allow_namespaces() -> str:
    if os.geteuid() == 0:  # which lacks the rights to do so
        return f"in a container, `--cap-add SYS_ADMIN --cap-add NET_ADMIN {UNCONFINED}`"
    if RESTRICTED.exists():
        return "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or install AppArmor's bwrap profile"
    return (
        "allow user namespaces: kernel.unprivileged_userns_clone, user.max_user_namespaces; in a container, "
        f"`{UNCONFINED} --security-opt systempaths=unconfined`"
    )


def _is_about_namespaces(why: str) -> bool:
    signs = ("uid map", "RTM_NEWADDR", "namespace", "Operation not permitted", "Permission denied")
    return why.startswith("bwrap:") and any(sign in why for sign in signs)


def _install_command() -> str:
    known = {
        "apt-get": "install -y bubblewrap",
        "dnf": "install -y bubblewrap",
        "pacman": "-S bubblewrap",
        "apk": "add bubblewrap",
    }
    import shutil

    found = next((name for name in known if shutil.which(name)), None)
    return f"`sudo {found} {known[found]}`" if found else "install bubblewrap with the system's package manager"
