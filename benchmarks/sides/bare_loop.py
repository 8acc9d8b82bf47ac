"""The bare scikit-learn loop: `cross_validate` for the folds, then one fit on all and the held-out rows predicted.

No isolation, no limits, no records. Usage: ``python -m benchmarks.sides.bare_loop DATA THREADS OUTPUT FILE ...``, with
OUTPUT ``labels`` (and F1 alone) or ``probabilities`` (and every metric).
"""

import runpy
import sys
from pathlib import Path

from sklearn.model_selection import cross_validate

from benchmarks.sides import rows
from benchmarks.sides.scores import BY_NAME, predict_and_score


def main(data: Path, threads: int, labels_only: bool, files: list[str]) -> None:
    """Print the F1 of each model, over folds and on the held-out rows."""
    given = rows.read(data)
    scoring = ["f1"] if labels_only else list(BY_NAME)
    for file in files:
        estimator = runpy.run_path(file)["make_estimator"](random_state=given.seed, n_threads=threads)
        scores = cross_validate(estimator, given.X, given.y, cv=given.folds, scoring=scoring)["test_f1"]
        heldout = predict_and_score(estimator.fit(given.X, given.y), given.X_heldout, given.y_heldout, labels_only)
        print(f"{Path(file).stem} {scores.mean():.4f} {heldout:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "labels", sys.argv[4:])
