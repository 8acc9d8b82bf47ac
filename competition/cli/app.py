"""The command line itself: its commands, and how mistakes are told."""

import atexit
import ctypes
import errno
import gc
import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from competition.cli import audit, blend, boards, data, evaluation, feedback, machine, new, power, verification
from competition.cli.common import err
from competition.errors import PodiumError

app = typer.Typer(
    help="Machine-learning competitions that live in a git repository.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
M_MMAP_THRESHOLD = -3  # malloc.h
LARGE_BYTES = 128 * 1024  # where glibc begins, too; left alone it raises this with each large array that is freed
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
COMPETE, MACHINE, MAKE = "Compete", "This machine", "Make your own"

app.command("list", rich_help_panel=COMPETE, epilog="Example: podium list")(data.list_competitions)
app.command(rich_help_panel=COMPETE, epilog="Example: podium prepare lte-anomaly --raw ~/Downloads/kaggle")(
    data.prepare
)
app.command(rich_help_panel=COMPETE, epilog="Example: podium run cellular-anomaly lightgbm_tuned --jobs 2")(
    evaluation.run
)
app.command(rich_help_panel=COMPETE, epilog="Example: podium verify cellular-anomaly --part 1/8")(verification.verify)
app.command(rich_help_panel=COMPETE, epilog="Example: podium leaderboard cellular-anomaly")(boards.leaderboard)
app.command(rich_help_panel=COMPETE, epilog="Example: podium site -o site")(boards.site)
app.command(rich_help_panel=COMPETE, epilog="Example: podium blend cellular-anomaly -o my_blend")(blend.blend)
app.command(
    rich_help_panel=COMPETE,
    epilog="Example: podium submit lte-anomaly lightgbm_tuned --rows unlabelled -o submission.csv",
)(evaluation.submit)
app.command(rich_help_panel=COMPETE, epilog="Example: podium score cellular-anomaly submission.csv")(data.score)
app.command(rich_help_panel=COMPETE, epilog="Example: podium close spam --keys ~/keys")(feedback.close)
app.command(rich_help_panel=MAKE, epilog="Example: podium audit --train train.csv --test test.csv --target label")(
    audit.audit
)
app.command(rich_help_panel=MACHINE, epilog="Example: podium doctor")(machine.doctor)
app.command(rich_help_panel=MACHINE, epilog="Example: podium selftest --isolation kernel")(machine.selftest)
app.command(rich_help_panel=MACHINE, epilog="Example: podium cache --prune 30")(machine.cache)
app.command(rich_help_panel=MAKE, epilog="Example: podium power cellular-anomaly")(power.power)
app.add_typer(new.app, name="new", rich_help_panel=MAKE)


def main() -> None:
    """Run the command line; a user's mistake gives one line and exit code 2, a bug keeps its traceback."""
    # Linear algebra here is small; its idle threads would spin beside the trials.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Looking for plugins, of which there are none, means to read the entry points of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    _return_freed_memory()
    # Commands make little garbage; looking for it, at the end once more, takes a fifth of the time of the shortest.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    try:
        app()
    except PodiumError as error:
        _refuse(error)
    except OSError as error:
        # Wherever it comes up, a full disk is no bug.
        if error.errno not in NO_ROOM:
            raise
        where = f" ({error.filename})" if error.filename else ""
        _refuse(PodiumError(f"{os.strerror(error.errno)}{where}", "TMPDIR names another folder for temporary files"))
    except KeyboardInterrupt:
        sys.exit(130)


def _return_freed_memory() -> None:
    """Have large arrays go back to the system when they are freed: what the harness has read lies in shared memory."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):  # musl has none
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def _refuse(error: PodiumError) -> NoReturn:
    err.print(f"[bold red]podium:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    sys.exit(2)


def _version(value: bool) -> None:
    if value:
        from competition import __version__

        print(__version__)
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


@app.callback()
def _options(version: Version = False) -> None:
    pass
