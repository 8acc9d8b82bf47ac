"""A site on the disk: written whole beside its place, then put there."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from competition.errors import PodiumError
from competition.repository import make_folder

MARK = ".podium-site"  # lists the files of a site, so that nobody else's are ever removed


def check_site_target(folder: Path) -> None:
    """Refuse a folder that holds anything but a site written before, before the work that goes into a new one.

    Raises
    ------
    PodiumError
        If `folder` is a file, holds files that are not the site's, or lies where none can be made.
    """
    if folder.exists() and not folder.is_dir():
        raise PodiumError(f"{folder} is a file", "allowed: the name of a folder")
    if not folder.resolve().parent.is_dir():
        raise PodiumError(f"{folder.resolve().parent} is no folder")
    make_folder(folder.resolve().parent)
    if folder.is_dir() and (foreign := _foreign(folder)):
        raise PodiumError(
            f"{folder} was not written by podium site: it holds {foreign}",
            "allowed: a new folder, or one it has written",
        )


def write_site(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    """Write a site, which takes the place of one written before; what was there stays if anything fails.

    Parameters
    ----------
    pages : iterable of (path, text)
        As `render` yields them.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    PodiumError
        If it cannot be written, or as `check_site_target` says.
    """
    check_site_target(folder)
    place = folder.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as beside:
            fresh, before = Path(beside, "fresh"), Path(beside, "before")
            written = []
            for path, text in pages:
                target = fresh / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode("utf-8"))
                written.append(path)
            (fresh / MARK).write_text("".join(f"{path}\n" for path in sorted(written)), "utf-8")
            _swap(fresh, place, before)
    except OSError as error:
        raise PodiumError(f"cannot write {folder}: {error.strerror or error}") from None
    return len(written)


def _swap(fresh: Path, place: Path, before: Path) -> None:
    """Put a folder in its place; no call does so at once for one that is not empty."""
    was_there = place.exists()
    if was_there:
        place.rename(before)
    try:
        fresh.rename(place)
    except OSError:
        if was_there:
            before.rename(place)
        raise


def _foreign(folder: Path) -> str:
    """Return the first file in a folder that is not of a site; empty where there is none."""
    mark = folder / MARK
    own = {MARK, *mark.read_text("utf-8").splitlines()} if mark.is_file() else set()
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root, name).relative_to(folder).as_posix()
            if path not in own:
                return path
    return ""
