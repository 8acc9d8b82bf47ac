"""Every measurement by name: where it is taken, the command that makes it, the function that takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from claims import convlstm, kaggle_lte, resampling
from competition.repository import Repository

SESSION = "nox -s claims -- {}"


@dataclass(frozen=True)
class Measurement:
    """How an outcome is made.

    Parameters
    ----------
    claim : str
        One of `CLAIMS`.
    competition : str
        On whose data.
    command : str
        What makes the numbers.
    take : callable
        Returns the numbers by name, or raises `UnavailableError`.
    """

    claim: str
    competition: str
    command: str
    take: Callable[[Repository], dict[str, float]]


CLAIMS = ("kaggle", "convlstm", "resampling")


def _kaggle(slug: str) -> Measurement:
    return Measurement("kaggle", slug, kaggle_lte.command(slug), partial(kaggle_lte.measure, slug=slug))


def _convlstm(command: str, take: Callable[[Repository], dict[str, float]]) -> Measurement:
    return Measurement("convlstm", convlstm.SLUG, command, take)


def _resampling(slug: str, pipeline: resampling.Pipeline) -> Measurement:
    take = partial(resampling.measure, slug=slug, pipeline=pipeline)
    return Measurement("resampling", slug, SESSION.format("resampling"), take)


def resampling_name(slug: str, pipeline: resampling.Pipeline) -> str:
    """Return the name of an outcome of the third claim."""
    return f"resampling: {slug}: {pipeline.title}"


MEASUREMENTS = {
    "kaggle: published": _kaggle(kaggle_lte.PUBLISHED),
    "kaggle: fair": _kaggle(kaggle_lte.FAIR),
    "convlstm: resampled first": _convlstm(SESSION.format("convlstm"), convlstm.resampled_first),
    "convlstm: inside the folds": _convlstm(SESSION.format("convlstm"), convlstm.inside_folds),
    "convlstm: board": _convlstm(f"podium run {convlstm.SLUG} {convlstm.SOLUTION}", convlstm.on_board),
} | {
    resampling_name(slug, pipeline): _resampling(slug, pipeline)
    for slug in resampling.COMPETITIONS
    for pipeline in resampling.PIPELINES
}
