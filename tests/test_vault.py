"""A sealed key: where it lies, what of it is public, and what happens without it."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from competition.dataset import ensure_prepared, prepare, read_prepared
from competition.errors import PodiumError
from competition.feedback.answers import read_answer_key
from competition.manifest import Manifest, read_manifest
from competition.vault import Vault, named_vault, require_vault

SEALED: dict[str, Any] = {"answers": {"key": "sealed"}}


@pytest.fixture
def organiser(tmp_path, new_competition):
    """Make a sealed competition; what it returns prepares it."""

    def make(**options):
        repository, definition = new_competition(tmp_path / "repository", **SEALED | options)
        keys = tmp_path / "keys"
        (keys / definition.slug).mkdir(parents=True)
        (repository.data(definition.slug) / "raw").rename(keys / definition.slug / "raw")
        return repository, definition, keys

    return make


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_key_is_beside_the_data_and_nowhere_in_it(organiser, make_table, task):
    repository, definition, keys = organiser(task=task)
    prepare(repository, definition, keys=keys)
    prepared = read_prepared(repository, definition)
    assert (len(prepared.heldout.y), len(prepared.public)) == (0, 0)
    files = sorted(
        path.relative_to(repository.prepared(definition.slug)).as_posix()
        for path in repository.prepared(definition.slug).rglob("*")
        if path.is_file()
    )
    assert files == [
        "folds.npz",
        "manifest.json",
        "public/heldout.parquet",
        "public/sample_submission.csv",
        "public/train.parquet",
    ]
    assert "target" not in pd.read_parquet(repository.prepared(definition.slug) / "public" / "heldout.parquet")
    answers = read_answer_key(require_vault(repository, definition.slug, keys), prepared)
    truth = make_table(task).set_index("id").loc[prepared.heldout.id, "target"].to_numpy()
    labels = np.array(prepared.classes)[answers.y] if prepared.classes else answers.y
    assert (labels == truth).all()
    assert 0 < answers.public.sum() < len(answers.public)


def test_the_manifest_tells_nothing_of_the_key(organiser):
    """Two competitions that differ in the secret alone have nothing in common that hangs on held-out labels."""
    repository, definition, keys = organiser()
    manifests = []
    for _ in range(2):
        manifests.append(prepare(repository, definition, keys=keys))
        for name in ("secret", "key.parquet"):
            (keys / definition.slug / name).unlink()
    one, other = manifests
    assert one.key != other.key
    assert one.data != other.data
    assert one.split != other.split
    assert one.raw == {}
    assert set(one.balance) == {"train"}


def test_which_rows_are_held_out_cannot_be_drawn_again(organiser, new_competition, tmp_path):
    repository, definition, keys = organiser()
    prepare(repository, definition, keys=keys)
    sealed = set(read_prepared(repository, definition).heldout.id)
    repository, definition = new_competition(tmp_path / "open")
    prepare(repository, definition)
    assert sealed != set(read_prepared(repository, definition).heldout.id)


def test_preparing_again_keeps_the_key(organiser):
    repository, definition, keys = organiser()
    assert prepare(repository, definition, keys=keys) == prepare(repository, definition, keys=keys)


def test_other_data_make_another_key_until_something_was_scored(organiser, make_table):
    repository, definition, keys = organiser()
    before = prepare(repository, definition, keys=keys)
    make_table(n=100).to_pickle(keys / definition.slug / "raw" / "table.pkl")
    after = prepare(repository, definition, keys=keys)
    assert before.key != after.key
    vault = require_vault(repository, definition.slug, keys)
    vault.write(vault.ledger, b"{}")
    make_table(n=120).to_pickle(keys / definition.slug / "raw" / "table.pkl")
    with pytest.raises(PodiumError, match="holds what was scored with another key of 'small-binary'; move that folder"):
        prepare(repository, definition, keys=keys)
    assert read_manifest(repository, definition.slug) == after


def test_the_seed_of_a_generator_is_secret(organiser):
    repository, definition, keys = organiser()
    shutil.rmtree(keys / definition.slug / "raw")
    (repository.data(definition.slug) / "dataset.py").write_text(
        "import numpy as np\nimport pandas as pd\n\n\ndef load(raw, seed):\n    rng = np.random.default_rng(seed)\n"
        "    n = 400\n    table = pd.DataFrame({'id': range(n), 'x': rng.normal(size=n), 'cell': 'a'})\n"
        "    table['timestamp'] = pd.date_range('2024-03-01', periods=n, freq='h')\n"
        "    return table.assign(target=(table['x'] > 0).astype(int))\n"
    )
    prepare(repository, definition, keys=keys)
    made = read_prepared(repository, definition).train.X["x"]
    assert not np.isin(made, np.random.default_rng(definition.competition.seed).normal(size=400)).any()


# --- without the key ---


def test_without_the_key_the_data_are_read_and_not_prepared(organiser):
    repository, definition, keys = organiser()
    prepare(repository, definition, keys=keys)
    shutil.rmtree(keys)
    assert ensure_prepared(repository, definition) == read_manifest(repository, definition.slug)
    assert read_prepared(repository, definition).classes == [0, 1]
    for call in (lambda: prepare(repository, definition), lambda: _ensure_anew(repository, definition)):
        with pytest.raises(
            PodiumError, match="the key of 'small-binary' is sealed, so that only its organiser prepares"
        ):
            call()


def _ensure_anew(repository, definition):
    shutil.rmtree(repository.prepared(definition.slug))
    ensure_prepared(repository, definition)


def test_a_wrong_key_is_noticed(organiser):
    repository, definition, keys = organiser()
    prepare(repository, definition, keys=keys)
    prepared = read_prepared(repository, definition)
    vault = require_vault(repository, definition.slug, keys)
    content = vault.key.read_bytes()
    vault.key.write_bytes(content + b" ")
    with pytest.raises(PodiumError, match=r"key\.parquet is not the key that the data of 'small-binary' was prepared"):
        read_answer_key(vault, prepared)
    vault.key.unlink()
    with pytest.raises(PodiumError, match="holds no key of 'small-binary'"):
        require_vault(repository, definition.slug, keys)


@pytest.mark.parametrize("inside", ["keys", "data/small-binary", "."])
def test_a_key_inside_the_repository_is_refused(organiser, inside):
    repository, definition, _ = organiser()
    with pytest.raises(PodiumError, match=r"--keys: .* lies in the repository .*; allowed: a folder outside it"):
        prepare(repository, definition, keys=repository.root / inside)


def test_a_link_and_the_work_tree_around_are_the_repository_too(organiser, tmp_path):
    repository, definition, _ = organiser()
    (tmp_path / "link").symlink_to(repository.root, target_is_directory=True)
    with pytest.raises(PodiumError, match="lies in the repository"):
        named_vault(repository, definition.slug, tmp_path / "link" / "keys")
    (tmp_path / ".git").mkdir()
    with pytest.raises(PodiumError, match="lies in the repository"):
        named_vault(repository, definition.slug, tmp_path / "keys")


def test_raw_files_inside_the_repository_are_refused(organiser):
    repository, definition, keys = organiser()
    raw = repository.data(definition.slug) / "raw"
    (keys / definition.slug / "raw").rename(raw)
    with pytest.raises(PodiumError, match=r"--raw: .* lies in the repository, and the raw files"):
        prepare(repository, definition, raw, keys)


def test_a_class_of_held_out_rows_alone_is_refused(organiser, make_table):
    table = make_table("multiclass")
    table.loc[table.index[-2:], "target"] = "rare"
    repository, definition, keys = organiser(task="multiclass", table=table, split={"strategy": "time"})
    with pytest.raises(PodiumError, match=r"data\.target: 'rare' is a class of held-out rows alone"):
        prepare(repository, definition, keys=keys)


def test_a_seal_permits_no_guessing(tmp_path: Path) -> None:
    one, other = Vault("a", tmp_path / "one"), Vault("a", tmp_path / "other")
    for vault in (one, other):
        vault.make()
    assert one.seal(b"labels") == one.seal(b"labels") != other.seal(b"labels")
    assert one.seed("split") == one.seed("split") != one.seed("order")
    assert one.seed("data") > 2**64, "few enough to be tried one after the other"


def test_a_manifest_of_an_open_competition_has_no_key(tmp_path, new_competition):
    repository, definition = new_competition(tmp_path)
    prepare(repository, definition)
    content = json.loads((repository.prepared(definition.slug) / "manifest.json").read_text())
    assert content["key"] is None
    del content["key"]
    assert Manifest.model_validate(content).key is None
