"""Simulated rivals of a solution of which only the statistics by cluster are known."""

import numpy as np
from numpy.typing import NDArray

from competition.metrics import SCORE_BINS, Scorer

Floats = NDArray[np.float64]


def simulate(
    statistics: Floats, scorer: Scorer, better_by: float, correlation: float, generator: np.random.Generator
) -> Floats:
    """Draw the statistics of a rival whose errors are correlated with those of a reference.

    - Labels: the rival gets a wrong row right, and a right one wrong, with the probabilities that leave the number of
      errors and give the errors of both the correlation; then a share `better_by` of its errors is put right.
    - Sums of errors or losses: the rival's sums are the reference's times ``1 - better_by``, plus normal noise of the
      size that the sums have between clusters, less what the correlation takes away.
    - Scores that order rows: a share of the rows draws its score anew among the rows of its class; then a share
      `better_by` of the positive rows moves to the top.

    Parameters
    ----------
    statistics : ndarray of shape (clusters, S)
        Of the reference.
    scorer : Scorer
        The metric whose statistics these are.
    better_by : float
        From 0, a rival of equal skill, to 1, one without errors.
    correlation : float
        Of the errors by row, from 0 to 1.
    generator : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    ndarray of shape (clusters, S)
    """
    match scorer.metric.needs:
        case "values" if scorer.n_classes:
            return _of_labels(statistics, scorer.n_classes, better_by, correlation, generator)
        case "scores":
            return _of_scores(statistics, better_by, correlation, generator)
        case _:
            return _of_sums(statistics, better_by, correlation, generator)


def _of_labels(
    statistics: Floats, n_classes: int, better_by: float, correlation: float, generator: np.random.Generator
) -> Floats:
    before = statistics.astype(np.int64).reshape(-1, n_classes, n_classes)
    diagonal = np.arange(n_classes)
    right = before[:, diagonal, diagonal]
    wrong = before.copy()
    wrong[:, diagonal, diagonal] = 0
    error_rate = wrong.sum() / max(1, before.sum())
    # With these two, the rival is as often wrong as the reference, and the phi coefficient is the correlation.
    broken = generator.binomial(right, error_rate * (1 - correlation))
    mended = generator.binomial(wrong, (1 - error_rate) * (1 - correlation))
    still = wrong - mended
    # A row that is newly wrong goes where the reference's errors of its class go.
    shares = wrong.sum(axis=0) + (1 - np.eye(n_classes)) * 1e-9
    newly = generator.multinomial(broken, shares / shares.sum(axis=1, keepdims=True))
    errors = still + newly
    errors -= generator.binomial(errors, better_by)
    after = errors
    after[:, diagonal, diagonal] = before.sum(axis=2) - errors.sum(axis=2)
    return after.reshape(len(before), -1).astype(np.float64)


def _of_sums(statistics: Floats, better_by: float, correlation: float, generator: np.random.Generator) -> Floats:
    """The first column counts rows, the next two are sums of two kinds of error."""
    sizes = statistics[:, 0]
    after = statistics.copy()
    noise = generator.standard_normal(len(statistics))
    for column in (1, 2):
        per_row = statistics[:, column].sum() / sizes.sum()
        residual = statistics[:, column] - per_row * sizes
        variance = np.square(residual).sum() / sizes.sum()  # of a row, were the rows of a cluster independent
        spread = np.sqrt(2 * (1 - correlation) * variance * sizes)
        after[:, column] = (1 - better_by) * np.maximum(statistics[:, column] + spread * noise, 0.0)
    return after


def _of_scores(statistics: Floats, better_by: float, correlation: float, generator: np.random.Generator) -> Floats:
    before = statistics.astype(np.int64).reshape(len(statistics), -1, 2, SCORE_BINS)
    leaving = generator.binomial(before, 1 - correlation)
    shares = before.sum(axis=0) + 1e-9
    arriving = generator.multinomial(leaving.sum(axis=-1), shares / shares.sum(axis=-1, keepdims=True))
    after = before - leaving + arriving
    positive = after[:, :, 1]
    raised = generator.binomial(positive, better_by)
    positive -= raised
    positive[..., -1] += raised.sum(axis=-1)
    return after.reshape(len(statistics), -1).astype(np.float64)
