"""What evaluation leaves behind: the predictions of a trial, and the result of a solution as a small JSON file."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from competition.errors import PodiumError
from competition.repository import Repository, write_text

FORMAT = 1
FailureType = Literal["timeout", "memory", "crash", "error", "bad-output", "dependency", "infrastructure"]
ScoreKind = Literal["probability", "decision"]

# A result's file: the checksum, and what it is of.
_CHECKED = re.compile(rb'\{\s*"checksum": "(?P<checksum>[0-9a-f]{16})",(?P<rest>.*)', re.DOTALL)


@dataclass(frozen=True)
class Predictions:
    """What a trial returns, row by row.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Class codes (int32) in the competition's class order, or values (float64) for regression.
    scores : ndarray of shape (n, n_classes) or (n,), optional
        Class probabilities, or the decision function of a binary task.
    score_kind : {"probability", "decision"}, optional
        Which of the two `scores` holds.
    """

    values: NDArray[Any]
    scores: NDArray[np.float64] | None = None
    score_kind: ScoreKind | None = None

    def ranking_scores(self) -> NDArray[np.float64] | None:
        """Scores that order the rows, None where the solution gives none.

        Returns
        -------
        ndarray of shape (n,) or (n, n_classes)
            Of the positive class in a binary task, of each class in a multiclass one.
        """
        if self.scores is None or self.score_kind == "decision":
            return self.scores
        return self.scores[:, 1] if self.scores.shape[1] == 2 else self.scores

    def take(self, rows: NDArray[Any]) -> "Predictions":
        """Return the predictions of some rows."""
        return Predictions(self.values[rows], None if self.scores is None else self.scores[rows], self.score_kind)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, 16 hexadecimal digits."""
        digest = sha256()
        for array in (self.values, self.scores):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Record):
    """Why a trial gave no predictions.

    Parameters
    ----------
    type : str
        ``timeout``, ``memory``, ``crash``, ``error``, ``bad-output``, ``dependency`` (a package of its own cannot be
        installed) or ``infrastructure`` (never the entrant's fault).
    message : str
        One line.
    traceback : tuple of str
        The lines of the traceback that lie in the solution's file.
    """

    type: FailureType
    message: Annotated[str, Field(max_length=2_000)]
    traceback: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=20)] = ()


class TrialRecord(_Record):
    """One fit and one predict.

    Parameters
    ----------
    part : {"cv", "heldout", "seeds"}
        Which rows were predicted: a validation fold, the held-out rows after a fit on all of train, or the first fold
        again with another seed.
    repeat, fold : int
        Place in the cross-validation; 0 for ``heldout``.
    seed : int
        The solution's ``random_state``.
    rows_train, rows_predict : int
        Rows fitted on and predicted.
    metrics : dict
        Score by metric; for the held-out trial by ``metric/public`` and ``metric/private``. None where undefined.
    fit_seconds, predict_seconds : float or None
        As the trial measured them.
    wall_seconds : float
        As the harness measured it, start and transfer included.
    peak_memory_mb : float or None
        Peak resident memory of the trial's process, in 10⁶ bytes.
    reference_seconds : float or None
        What the reference job took on the same machine at that time.
    predictions : str or None
        Fingerprint of the predictions.
    failure : Failure or None
        Why there are none.
    """

    part: Literal["cv", "heldout", "seeds"]
    repeat: int
    fold: int
    seed: int
    rows_train: int
    rows_predict: int
    metrics: dict[str, float | None]
    fit_seconds: float | None
    predict_seconds: float | None
    wall_seconds: float
    peak_memory_mb: float | None
    reference_seconds: float | None = None
    predictions: str | None
    failure: Failure | None


class SolutionCard(_Record):
    """What a solution's file says of itself."""

    name: Annotated[str, Field(pattern=r"^\w+$", max_length=100)]
    origin: Annotated[str, Field(pattern=r"^[\w-]+$", max_length=100)]
    title: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    disclosure: dict[str, bool]
    docstring: str


class Provenance(_Record):
    """What a result was made with.

    Parameters
    ----------
    rules, data, split, solution_file : str
        Fingerprints of the competition's rules, its data, the folds, and the solution's file.
    child, scoring : str
        Fingerprints of the harness's sources: those that run, confine and judge trials, those that make folds and
        scores (`competition.evaluation.sources`).
    packages : dict
        Versions of the packages that the solution names and of all that these need.
    isolation : {"namespaces", "kernel", "none"}
        What held the trials.
    """

    competition_version: int
    rules: str
    data: str
    split: str
    solution_file: str
    child: str
    scoring: str
    podium: str
    python: str
    platform: str
    numerics: str
    packages: dict[str, str]
    threads: int
    isolation: Literal["namespaces", "kernel", "none"]


class Statistics(_Record):
    """Sums that scores and intervals are made from.

    Parameters
    ----------
    clusters : tuple of str
        Name of each cluster of rows: a day, a group, a hash bin.
    metric : str
        The metric whose statistics these are.
    units : tuple
        For each repeat (pooled metrics) or each fold (averaged metrics) one row of numbers a cluster.
    """

    clusters: tuple[str, ...]
    metric: str
    units: tuple[tuple[tuple[int | float, ...], ...], ...]

    def array(self) -> NDArray[np.float64]:
        """Return the statistics as an array of shape (units, clusters, S)."""
        return np.asarray(self.units, dtype=np.float64)


class Result(_Record):
    """What all trials of a solution came to.

    Parameters
    ----------
    score : float or None
        The primary score from cross-validation; None if a trial failed.
    metrics : dict
        Every metric from cross-validation.
    heldout : dict
        Every metric on the held-out rows, by ``metric/public`` and ``metric/private``.
    statistics : Statistics or None
        Of the primary metric over the out-of-fold rows.
    confusion : tuple or None
        Out-of-fold confusion matrix, rows = truth, summed over repeats.
    curves : dict
        ``roc`` and ``precision_recall`` of the out-of-fold scores as points (x, y), averaged over folds.
    """

    format: Literal[1]
    competition: str
    solution: SolutionCard
    provenance: Provenance
    score: float | None
    metrics: dict[str, float | None]
    heldout: dict[str, float | None]
    statistics: Statistics | None
    confusion: tuple[tuple[int, ...], ...] | None
    classes: tuple[str, ...]
    curves: dict[str, tuple[tuple[float, float], ...]]
    trials: tuple[TrialRecord, ...]

    @property
    def failures(self) -> list[TrialRecord]:
        """Trials that failed."""
        return [trial for trial in self.trials if trial.failure]

    def to_json(self) -> str:
        """Write as JSON with sorted keys, one trial and one cluster a line, so that it diffs well; a checksum first."""
        content = self.model_dump(mode="json")
        lines = [f"{json.dumps(key)}: {_dump(key, content[key])}" for key in sorted(content)]
        rest = "\n" + ",\n".join(lines) + "\n}\n"
        return f'{{\n"checksum": "{_checksum(rest.encode())}",{rest}'


def _checksum(rest: bytes) -> str:
    """SHA-256 of what stands behind the checksum, 16 hexadecimal digits; a checkout may have changed line ends."""
    return sha256(rest.replace(b"\r\n", b"\n").strip()).hexdigest()[:16]


def _dump(key: str, value: Any) -> str:
    if key == "trials":
        return _lines(value)
    if key == "statistics" and value is not None:
        units = ",\n".join(_lines(unit) for unit in value["units"])
        head = json.dumps({k: v for k, v in value.items() if k != "units"}, sort_keys=True, ensure_ascii=False)
        return head[:-1] + ', "units": [\n' + units + "]}"
    if key == "provenance":
        return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _lines(items: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(item, sort_keys=True, ensure_ascii=False) for item in items) + "]"


def write_result(result: Result, folder: Path) -> Path:
    """Write ``folder/<solution>.json`` whole or not at all."""
    path = folder / f"{result.solution.name}.json"
    write_text(path, result.to_json())
    return path


@dataclass(frozen=True)
class Collected:
    """The results of a competition, and by name of the solution what is wrong with those that cannot be used.

    Parameters
    ----------
    local : dict
        Those of `results` that were made here and are not recorded, by name.
    """

    results: tuple[Result, ...]
    unreadable: dict[str, str]
    local: dict[str, Result]


def collect_results(repository: Repository, slug: str) -> Collected:
    """Read a competition's results: the recorded ones, each replaced by the local one where there is one."""
    folders = (repository.leaderboard(slug) / "results", repository.local_results(slug))
    (recorded, recorded_broken), (local, local_broken) = map(read_results, folders)
    found = recorded | local
    unreadable = {
        name: f"{repository.relative(folder / name)}.json {why}"
        for folder, broken in zip(folders, (recorded_broken, local_broken), strict=True)
        for name, why in broken.items()
        if name not in found
    }
    return Collected(tuple(found.values()), unreadable, local)


def read_results(folder: Path) -> tuple[dict[str, Result], dict[str, str]]:
    """Read the results in a folder.

    Returns
    -------
    dict, dict
        Results, and what is wrong with the files that are none, by name.
    """
    found: dict[str, Result] = {}
    broken: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = read_result(path)
        except PodiumError as error:
            broken[path.stem] = f"cannot be used: {error.hint}"
        else:
            if result.solution.name == path.stem:
                found[path.stem] = result
            else:
                broken[path.stem] = f"cannot be used: it is the result of '{result.solution.name}'"
    return found, broken


def read_result(path: Path) -> Result:
    """Read one result.

    Raises
    ------
    PodiumError
        If the file is not a result, or not as `write_result` has written it.
    """
    content = path.read_bytes()
    parts = _CHECKED.fullmatch(content)
    try:
        result = Result.model_validate_json(content if parts is None else b"{" + parts["rest"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PodiumError(f"{path} is not a result", f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
    if parts is None:
        raise PodiumError(f"{path} is not a result", "it has no checksum, so it may have been edited")
    if parts["checksum"].decode() != _checksum(parts["rest"]):
        raise PodiumError(f"{path} is not a result", "its checksum does not hold: it was edited or damaged")
    return result
