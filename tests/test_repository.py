"""Where things lie, and files that are written whole or not at all."""

import os

import pytest

from competition.errors import PodiumError, nearest
from competition.repository import Repository, replacing, write_text


@pytest.fixture
def repository(tmp_path):
    """A repository with two competitions."""
    (tmp_path / "pyproject.toml").write_text('[tool.podium]\ndefault = "first-one"\n')
    for slug in ("second-one", "first-one"):
        (tmp_path / "data" / slug).mkdir(parents=True)
        (tmp_path / "data" / slug / "competition.toml").touch()
    (tmp_path / "data" / "no-competition").mkdir()
    return Repository.find(tmp_path)


def test_it_is_found_from_below(repository):
    deep = repository.root / "solutions" / "first-one"
    deep.mkdir(parents=True)
    assert Repository.find(deep) == repository
    assert repository.default == "first-one"


def test_it_is_found_from_the_working_folder(repository, monkeypatch):
    monkeypatch.chdir(repository.root / "data")
    assert Repository.find() == repository


def test_the_nearest_one_counts_and_other_projects_are_passed(repository):
    inner = repository.root / "inner"
    (inner / "package").mkdir(parents=True)
    (inner / "package" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert Repository.find(inner / "package") == repository
    (inner / "pyproject.toml").write_text("[tool.podium]\n")
    assert Repository.find(inner / "package") == Repository(inner, None)


def test_outside_of_any(tmp_path):
    with pytest.raises(PodiumError, match=r"is in no Podium repository.*make one with `podium new repository DIR`"):
        Repository.find(tmp_path)


@pytest.mark.parametrize("text", ["[tool", "[tool.podium]\ndefault = ", "[tool]\npodium = 3\n", "tool = 3"])
def test_a_broken_project_file(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(PodiumError) as caught:
        Repository.find(tmp_path)
    assert "\n" not in str(caught.value)


def test_competitions(repository):
    assert repository.slugs == ["first-one", "second-one"]
    assert repository.require("second-one") == "second-one"
    assert repository.require(None) == "first-one"


@pytest.mark.parametrize("slug", ["frist-one", "no-competition", "../data/first-one", "."])
def test_an_unknown_competition(repository, slug):
    with pytest.raises(PodiumError, match="there is no competition"):
        repository.require(slug)


def test_an_unknown_competition_is_told_with_the_nearest(repository):
    with pytest.raises(PodiumError, match="did you mean 'first-one'"):
        repository.require("frist-one")


def test_none_named_and_no_default(repository):
    with pytest.raises(PodiumError, match=r"which competition.*first-one, second-one"):
        Repository(repository.root).require(None)


def test_places(repository):
    root = repository.root
    assert repository.prepared("a") == root / "data" / "a" / "prepared"
    assert repository.solutions("a") == root / "solutions" / "a"
    assert repository.leaderboard("a") == root / "leaderboard" / "a"
    assert root / ".podium" in repository.local_results("a").parents
    assert repository.relative(root / "data" / "x.py") == "data/x.py"
    assert repository.relative(root.parent / "x.py") == str(root.parent / "x.py")


# --- whole or not at all ---


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one\n")
    write_text(path, "ñ\r\ntwo\n")
    assert path.read_bytes() == "ñ\r\ntwo\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_has_the_mode_of_any_other(tmp_path):
    write_text(tmp_path / "ours", "")
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


# --- errors ---


def test_nearest_names():
    assert nearest("colour", ["color", "shape"]) == "did you mean 'color'?"
    assert nearest("x", ["b", "a"]) == "allowed: a, b"
    assert nearest("x", []) == "there are none"
    assert nearest("", [f"n{i}" for i in range(9)]).endswith(", ...")


def test_a_hint_follows_the_message():
    assert str(PodiumError("wrong", "do it right")) == "wrong; do it right"
    assert str(PodiumError("wrong")) == "wrong"
