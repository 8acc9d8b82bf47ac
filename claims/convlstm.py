"""Claim: 99 % accuracy of a multi-scale ConvLSTM with SMOTE (Noonari et al. 2024, arXiv:2410.03732).

Only its abstract was at hand, which names neither its data nor the order of resampling and splitting. This runs the
order that is usual, all windows balanced by SMOTE and then split at random, and the one that keeps test rows apart.
"""

import importlib.util

import numpy as np

from claims.evaluated import (
    UnavailableError,
    definition_of,
    module_of,
    of_board,
    of_pipelines,
    replace_once,
    scores_with_interval,
    text_of,
)
from claims.measures import scores
from competition.repository import Repository

SLUG = "cellular-anomaly"
SOLUTION = "multiscale_convlstm"
NAME = "smote_convlstm"
STATED = 0.99


def pipeline(repository: Repository) -> str:
    """Return the text of the entry: the network of the board with SMOTE of windows in its fit.

    Raises
    ------
    UnavailableError
        If the deep-learning libraries are not installed.
    """
    if importlib.util.find_spec("keras") is None or importlib.util.find_spec("jax") is None:
        raise UnavailableError("the extra `deep` is not installed")
    network = (repository.root / "solutions" / SLUG / f"{SOLUTION}.py").read_text("utf-8")
    network = replace_once(network, '"keras", "jax"', '"imbalanced-learn", "jax", "keras"')
    network = replace_once(network, 'title = "Multi-scale ConvLSTM"', 'title = "Multi-scale ConvLSTM on SMOTE windows"')
    return f"{network}\n\n{text_of('smote_windows')}"


def resampled_first(repository: Repository) -> dict[str, float]:
    """Scale and balance all windows, split them at random, 80 to 20, and score the rest: the wrong protocol.

    Returns
    -------
    dict
        Scores on all windows of the test part, and on those alone that SMOTE did not draw (``real f1``, ...).
    """
    from sklearn.model_selection import train_test_split

    from competition.api import load

    text = pipeline(repository)
    definition_of(repository, SLUG)
    competition = load(SLUG, start=repository.root)
    X, y = competition.X, np.asarray(competition.y).astype(int)
    entry = module_of(NAME, text)
    model = entry.make_estimator(competition.definition.competition.seed, 1)
    model.channels_ = entry.Channels().fit(X, y)
    windows, labels = entry.balanced(model.windows(X), y, model.random_state)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=model.random_state
    )
    model.fit_windows(windows[train], labels[train])
    predicted = model.predict_windows(windows[test])
    real = test < len(y)
    of_real = scores(labels[test][real], predicted[real])
    return scores(labels[test], predicted) | {f"real {name}": value for name, value in of_real.items()}


def inside_folds(repository: Repository) -> dict[str, float]:
    """Evaluate the same pipeline as an entry: blocks of whole days, SMOTE of training windows alone."""
    definition, results = of_pipelines(repository, SLUG, {NAME: pipeline(repository)})
    return scores_with_interval(results[NAME], definition)


def on_board(repository: Repository) -> dict[str, float]:
    """Return the recorded scores of the board's own entry, which has class weights and its threshold for SMOTE."""
    return of_board(repository, SLUG, SOLUTION)
