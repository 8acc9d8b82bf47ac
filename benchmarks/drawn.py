"""Competitions on drawn data, made in temporary repositories: one in the shape of the LTE data, one for a wide scan."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.contest import PODIUM, Contest

SLUG = "synthetic"
LTE_SHAPE = "36,900 rows of 2 texts and 11 numbers"
RULES = """\
[competition]
slug = "{slug}"
title = "Drawn rows"
task = "binary"
version = 1
seed = 1

[data]
id = "Id"
target = "Unusual"
positive = 1

[answers]
key = "open"

[split]
strategy = "stratified"
fraction = 0.2
public = 0.5

[cv]
strategy = "stratified"
n_splits = {splits}
n_repeats = {repeats}

[submission]
id = "Id"
prediction = "Unusual"

[metric]
primary = "f1"
also = ["average_precision", "roc_auc", "precision", "recall"]

[ranking]
by = "cv"
n_seeds = 1
cluster = "row"

[limits]
seconds = 600
memory_gb = 4
threads = {threads}
"""
LTE_DATASET = '''\
"""Rows in the shape of the LTE data; the busiest quarter is unusual, as seen through noise."""

from pathlib import Path

import numpy as np
import pandas as pd

N = 36_900


def load(raw: Path, seed: int) -> pd.DataFrame:
    """Draw them."""
    rng = np.random.default_rng(seed)
    minutes = 15 * rng.integers(0, 96, N)
    table = {
        "Id": np.arange(N),
        "Time": [f"{minute // 60}:{minute % 60:02}" for minute in minutes],
        "CellName": [f"{cell // 3 + 1}{'ABC'[cell % 3]}LTE" for cell in rng.integers(0, 33, N)],
    }
    counters = {f"counter_{number}": rng.lognormal(size=N) for number in range(11)}
    load = counters["counter_0"] * counters["counter_1"] * rng.lognormal(sigma=0.3, size=N)
    return pd.DataFrame({**table, **counters, "Unusual": (load > np.quantile(load, 0.75)).astype(int)})
'''
WIDE_DATASET = '''\
"""Random numbers."""

from pathlib import Path

import numpy as np
import pandas as pd


def load(raw: Path, seed: int) -> pd.DataFrame:
    """Draw them."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=({rows}, {columns})), columns=[f"x{{at}}" for at in range({columns})])
    return table.assign(Id=np.arange({rows}), Unusual=rng.integers(0, 2, {rows}))
'''


def lte_like(root: Path, solutions: Mapping[str, str], repeats: int = 1, threads: int = 1) -> Contest:
    """Make a competition of `LTE_SHAPE`, with 5 folds a repeat."""
    return _made(root, RULES.format(slug=SLUG, splits=5, repeats=repeats, threads=threads), LTE_DATASET, solutions)


def wide(root: Path, solutions: Mapping[str, str], rows: int, columns: int, splits: int) -> Contest:
    """Make a competition of float64 columns."""
    dataset = WIDE_DATASET.format(rows=rows, columns=columns)
    return _made(root, RULES.format(slug=SLUG, splits=splits, repeats=1, threads=1), dataset, solutions)


def _made(root: Path, rules: str, dataset: str, solutions: Mapping[str, str]) -> Contest:
    contest = Contest(root, SLUG)
    contest.data.mkdir(parents=True)
    (contest.data / "competition.toml").write_text(rules, "utf-8")
    (contest.data / "dataset.py").write_text(dataset, "utf-8")
    (root / "pyproject.toml").write_text("[tool.podium]\n", "utf-8")
    contest.add(solutions)
    subprocess.run([PODIUM, "prepare", SLUG], cwd=root, check=True, stdout=subprocess.DEVNULL)
    return contest
