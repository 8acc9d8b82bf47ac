"""A site is written whole or not at all, and only over a site."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from competition.board.site.writing import check_site_target, write_site
from competition.errors import PodiumError

PAGES = [("index.html", "<p>one"), ("a/solutions/x.html", "<p>é")]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_site_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert write_site(folder, PAGES) == 2
    assert (folder / "a/solutions/x.html").read_bytes() == "<p>é".encode()
    assert write_site(folder, [("index.html", "<p>two")]) == 1
    assert files(folder) == {"index.html", ".podium-site"}
    assert list(tmp_path.iterdir()) == [folder]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    check_site_target(tmp_path)
    (tmp_path / "site").mkdir()
    write_site(tmp_path / "site", PAGES)


def test_what_was_there_stays_if_anything_fails(tmp_path: Path) -> None:
    def pages() -> Iterator[tuple[str, str]]:
        yield "index.html", "new"
        raise RuntimeError("a bug")

    folder = tmp_path / "site"
    write_site(folder, PAGES)
    with pytest.raises(RuntimeError):
        write_site(folder, pages())
    assert (folder / "index.html").read_text() == "<p>one"
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["mine.txt", "a/solutions/mine.txt"])
def test_files_of_others_are_never_removed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "site"
    write_site(folder, PAGES)
    (folder / name).write_text("mine")
    with pytest.raises(PodiumError, match=f"was not written by podium site: it holds {name}"):
        write_site(folder, PAGES)
    assert (folder / name).read_text() == "mine"


def test_what_is_no_place_for_a_site_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PodiumError, match="is a file"):
        check_site_target(tmp_path / "file")
    with pytest.raises(PodiumError, match="is no folder"):
        check_site_target(tmp_path / "none" / "site")
    (tmp_path / "someones").mkdir()
    (tmp_path / "someones" / "work").write_text("")
    with pytest.raises(PodiumError, match="was not written by podium site"):
        check_site_target(tmp_path / "someones")
