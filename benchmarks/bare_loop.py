"""The same models in a bare loop: `cross_validate` for the folds, then one fit on all and the held-out rows predicted.

As many threads a model as there are cores, and nothing else: no isolation, no limits, no records.
"""

import os
import runpy
import sys

from sklearn.metrics import f1_score
from sklearn.model_selection import cross_validate

from competition import load


def main(slug: str, names: list[str]) -> None:
    """Print the F1 of each model."""
    contest = load(slug)
    folds = [(fold.train, fold.valid) for fold in contest.prepared.folds]
    for name in names:
        factory = runpy.run_path(f"solutions/cellular-anomaly/{name}.py")["make_estimator"]
        estimator = factory(random_state=contest.definition.competition.seed, n_threads=os.cpu_count() or 1)
        scores = cross_validate(estimator, contest.X, contest.y, cv=folds, scoring="f1")["test_score"]
        predicted = estimator.fit(contest.X, contest.y).predict(contest.X_heldout)
        heldout = f1_score(contest.prepared.heldout.y, predicted)
        print(f"{name} {scores.mean():.4f} {heldout:.4f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
