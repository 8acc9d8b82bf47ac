"""Claim: F1 0.994 on Kaggle's LTE test file, the highest score that a team states (GentleBoost, 1,500 trees)."""

from claims.evaluated import of_board
from competition.repository import Repository

SOLUTION = "gentle_boost"
PUBLISHED, FAIR = "lte-anomaly", "lte-anomaly-fair"
STATED = 0.99425
CODE = "https://github.com/ainamaki/Anomaly-detection-in-cellular-networks"


def command(slug: str) -> str:
    """Return the command that makes the numbers on one of the editions."""
    return f"podium run {slug} {SOLUTION}"


def measure(repository: Repository, slug: str) -> dict[str, float]:
    """Return the scores of that method on the published or on the fair edition.

    Raises
    ------
    UnavailableError
        If the edition's data is not here.
    """
    return of_board(repository, slug, SOLUTION)
