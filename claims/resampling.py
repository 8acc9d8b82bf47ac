"""Claim: scores of tables resampled before cross-validation, as in the studies that Vandewiele et al. (2021) list.

Each pipeline is scored twice with each of several seeds: the whole table resampled and then cut into folds, in plain
scikit-learn and imbalanced-learn; and as an entry, where resampling sees training rows alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from claims.evaluated import definition_of, module_of, of_pipelines, scores_with_interval, text_of
from claims.measures import paired_interval, scores
from competition.repository import Repository

SEEDS = (1, 2, 3)
N_SPLITS = 5
COMPETITIONS = ("cellular-anomaly", "lte-anomaly")


@dataclass(frozen=True)
class Pipeline:
    """A resampler before a model, by their names in `claims/solutions/resampled.py`."""

    resampler: str
    model: str

    @property
    def title(self) -> str:
        """What the tables call it."""
        return f"{self.resampler}, {self.model}"

    def text(self, seed: int) -> str:
        """Return the entry's text."""
        filled = f"RESAMPLER, MODEL, SEED = {self.resampler!r}, {self.model!r}, {seed}"
        return text_of("resampled", [('RESAMPLER, MODEL, SEED = "SMOTE", "k-NN", 0', filled)])

    def entry(self, seed: int) -> str:
        """Return the entry's name."""
        return f"{self.title}_{seed}".lower().replace(", ", "_").replace(" ", "_").replace("-", "")


PIPELINES = (
    Pipeline("SMOTE", "k-NN"),
    Pipeline("SMOTE", "LightGBM"),
    Pipeline("random oversampling", "random forest"),
)


def measure(repository: Repository, slug: str, pipeline: Pipeline) -> dict[str, float]:
    """Score one pipeline both ways.

    Returns
    -------
    dict
        Means over the seeds of ``before f1`` and ``before accuracy``, of ``real f1`` (the same predictions, rows alone
        that were not drawn), of ``random f1`` (resampled inside of random folds), and of Podium's ``inside f1`` and
        ``inside accuracy``; ``inflation``, the first less Podium's F1, with its paired interval over the seeds,
        ``inflation low`` and ``inflation high``.

    Raises
    ------
    UnavailableError
        If the competition's data is not here.
    """
    definition_of(repository, slug)
    texts = {pipeline.entry(seed): pipeline.text(seed) for seed in SEEDS}
    definition, results = of_pipelines(repository, slug, texts)
    inside = [scores_with_interval(results[pipeline.entry(seed)], definition) for seed in SEEDS]
    before = [in_plain_libraries(repository, slug, pipeline, seed) for seed in SEEDS]
    pairs = zip(before, inside, strict=True)
    mean, low, high = paired_interval([wrong["f1"] - right["f1"] for wrong, right in pairs])
    return {
        "before f1": _mean(before, "f1"),
        "before accuracy": _mean(before, "accuracy"),
        "real f1": _mean(before, "real f1"),
        "random f1": _mean(before, "random f1"),
        "inside f1": _mean(inside, "f1"),
        "inside accuracy": _mean(inside, "accuracy"),
        "always 0": _mean(inside, "always 0"),
        "inflation": mean,
        "inflation low": low,
        "inflation high": high,
    }


def in_plain_libraries(repository: Repository, slug: str, pipeline: Pipeline, seed: int) -> dict[str, float]:
    """Resample the whole table, then cross-validate on it: the wrong protocol; beside it the right one on random folds.

    Returns
    -------
    dict
        Scores of the wrong protocol; ``real f1``, its F1 on rows that were not drawn; ``random f1``, that of resampling
        inside of random folds.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from competition.api import load

    competition = load(slug, start=repository.root)
    entry: ModuleType = module_of("resampled", pipeline.text(seed))
    y = np.asarray(competition.y).astype(int)
    table = entry.encode().fit_transform(competition.X)
    rows, labels = entry.resampler(pipeline.resampler, seed).fit_resample(table, y)
    folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=seed)
    predicted = cross_val_predict(entry.model(pipeline.model, seed), rows, labels, cv=folds)
    real = slice(len(y))  # what was there comes first
    inside = cross_val_predict(entry.make_estimator(seed, 1), competition.X, y, cv=folds)
    return scores(labels, predicted) | {
        "real f1": scores(labels[real], predicted[real])["f1"],
        "random f1": scores(y, inside)["f1"],
    }


def _mean(of_seeds: Sequence[Mapping[str, float]], name: str) -> float:
    return float(np.mean([one[name] for one in of_seeds]))
