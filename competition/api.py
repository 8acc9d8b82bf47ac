"""The notebook's door: load a competition, evaluate an estimator under its rules."""

import html
import os
import sys
import sysconfig
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.board.numbers import cost, number
from competition.dataset import Prepared, ensure_prepared, read_prepared
from competition.definition import Competition, read_competition
from competition.errors import PodiumError
from competition.evaluation import engine
from competition.evaluation.claims import cores
from competition.evaluation.entries import PRELOADED, Entry, runtimes
from competition.evaluation.plan import Program, trials_of_each
from competition.evaluation.sandbox.levels import choose
from competition.evaluation.workers import Pool
from competition.metrics import METRICS
from competition.ranking.order import Interval, rank
from competition.repository import Repository
from competition.results import Result, SolutionCard


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation in a notebook came to; it never reaches a board.

    Parameters
    ----------
    result : Result
        Scores, costs and failures of every trial.
    interval : Interval or None
        Of the score.
    """

    definition: Competition
    result: Result
    interval: Interval | None

    @property
    def score(self) -> float | None:
        """The primary score; None if a trial failed."""
        return self.result.score

    @property
    def _title(self) -> str:
        return f"{self.result.solution.title} on {self.definition.slug}"

    def _rows(self) -> list[tuple[str, str]]:
        """Name and value of everything worth reading."""
        if self.result.failures:
            return _failures(self.result)
        primary = self.definition.primary
        rows = [(METRICS[name].title, number(score)) for name, score in self.result.metrics.items()]
        if self.interval:
            rows.insert(1, ("95 % interval", f"{number(self.interval.low)}–{number(self.interval.high)}"))
        for half in ("public", "private"):
            score = self.result.heldout.get(f"{primary.name}/{half}")
            shown = "sealed" if self.definition.is_sealed else number(score)
            rows.append((f"{primary.title}, held-out {half}", shown))
        cv = [trial for trial in self.result.trials if trial.part == "cv"]
        rows.append((f"{primary.title} by fold", "  ".join(number(trial.metrics[primary.name], 3) for trial in cv)))
        rows.append(("Fit time of a fold", f"{cost(float(np.mean([trial.fit_seconds or 0 for trial in cv])))} s"))
        return rows

    def __repr__(self) -> str:
        rows = self._rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join([self._title, *(f"  {name:<{width}}  {value}" for name, value in rows)])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
            f'<td style="text-align:right">{html.escape(value)}</td></tr>'
            for name, value in self._rows()
        )
        return f"<table><caption>{html.escape(self._title)}</caption><tbody>{rows}</tbody></table>"


def _failures(result: Result) -> list[tuple[str, str]]:
    """Each kind of failure once, with the number of trials that it ended."""
    texts = [f"{trial.failure.type}: {trial.failure.message}" for trial in result.trials if trial.failure]
    return [
        (f"failed in {count} of {len(result.trials)} trials", text if len(text) <= 200 else text[:199] + "…")
        for text, count in Counter(texts).items()
    ]


@dataclass(frozen=True)
class LoadedCompetition:
    """A competition with its data, in a notebook.

    Examples
    --------
    >>> c = load("cellular-anomaly")
    >>> c.X.shape, c.y.shape
    >>> c.evaluate(LGBMClassifier())
    """

    definition: Competition
    prepared: Prepared

    @property
    def X(self) -> pd.DataFrame:
        """Features of the training rows, shape (n, n_features)."""
        return self.prepared.train.X

    @property
    def y(self) -> NDArray[Any]:
        """Labels of the training rows, shape (n,)."""
        y = self.prepared.train.y
        return np.asarray(self.prepared.classes)[y] if self.prepared.classes else y.copy()

    @property
    def X_heldout(self) -> pd.DataFrame:
        """Features of the held-out rows."""
        return self.prepared.heldout.X

    def evaluate(self, estimator: Any, jobs: int | None = None, encode: bool | None = None) -> Evaluation:
        """Evaluate an estimator as a solution is: the same folds, metrics, limits and child processes.

        Parameters
        ----------
        estimator : object
            With scikit-learn's ``fit(X, y)`` and ``predict(X)``. It is pickled here and opened in children only.
        jobs : int, optional
            Trials at a time; as many as the cores hold if not given.
        encode : bool, optional
            Whether text columns become numbers and dates are left out before `estimator` sees them. If not given,
            that is done for an estimator of a library that does not choose columns itself, since most take numbers
            alone.

        Returns
        -------
        Evaluation
            Prints as text and as HTML.

        Raises
        ------
        PodiumError
            If `jobs` is less than 1, or `estimator` is a class.
        """
        if jobs is not None and jobs < 1:
            raise PodiumError(f"jobs: found {jobs}; allowed: 1 or more")
        if isinstance(estimator, type):
            raise PodiumError(f"evaluate takes an instance: {estimator.__name__}(), not the class itself")
        name = type(estimator).__name__
        encode = not _chooses_columns(estimator) if encode is None else encode
        content = _pickle(_encoded(estimator) if encode else estimator)
        card = SolutionCard(
            name=name,
            origin="notebook",
            title=name,
            authors=(),
            tags=(),
            disclosure={},
            docstring=type(estimator).__doc__ or "",
        )
        program = Program(name, "<notebook>", "pickle", content)
        entry = Entry(program, card, sha256(content).hexdigest()[:16], _modules(estimator))
        threads = self.definition.limits.threads
        at_once = min(jobs or max(1, cores() // threads), trials_of_each(self.definition))
        with Pool(at_once, threads, choose(None), runtimes([entry])[name]) as pool:
            (result,) = (
                event.result
                for event in engine.evaluate(self.prepared, [entry], pool)
                if isinstance(event, engine.SolutionEnded)
            )
        (standing,) = rank([result], self.definition).standings
        return Evaluation(self.definition, result, standing.interval)

    def __repr__(self) -> str:
        rows = self.prepared.manifest.rows
        counts = ", ".join(f"{count:,} {part}" for part, count in rows.items() if count)
        return f"<{self.definition.slug}: {counts} rows, {len(self.prepared.train.features)} features>"


def _pickle(estimator: Any) -> bytes:
    """Pickle an estimator, the user's own modules by value, since children cannot import them."""
    import cloudpickle

    installed = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
    own = [
        module
        for name in _modules(estimator)
        if (module := sys.modules[name]).__name__ != "__main__"
        and not str(getattr(module, "__file__", None) or installed[0]).startswith(installed)
    ]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(estimator))
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _chooses_columns(estimator: Any) -> bool:
    """Whether an estimator is the user's own, or has a step that may treat columns by name."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import FunctionTransformer

    if type(estimator).__module__.split(".")[0] not in PRELOADED:
        return True
    parts = _parts(estimator)
    own = [part for part in parts if type(part).__module__.split(".")[0] not in PRELOADED]
    return any(isinstance(part, ColumnTransformer | FunctionTransformer) for part in parts) or any(
        hasattr(part, "fit") for part in own
    )


def _parts(estimator: Any) -> list[Any]:
    """Everything that an estimator is made of, as its parameters tell."""
    return list(estimator.get_params(deep=True).values()) if hasattr(estimator, "get_params") else []


def _modules(estimator: Any) -> tuple[str, ...]:
    """Modules that its classes come from; workers import those of libraries once, before they fork."""
    classes = {cls for part in (estimator, *_parts(estimator)) for cls in type(part).__mro__}
    return tuple(sorted({cls.__module__ for cls in classes}))


def _encoded(estimator: Any) -> Any:
    """Put an encoder of scikit-learn's own before an estimator; the children need nothing of ours to open it."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    encoder = make_column_transformer(
        ("passthrough", make_column_selector(dtype_include=["number", "bool"])),
        (codes, make_column_selector(dtype_include=["string", "category"])),
    )
    return make_pipeline(encoder, estimator)


def load(slug: str | None = None, *, start: str | os.PathLike[str] | None = None) -> LoadedCompetition:
    """Load a competition, preparing its data if need be.

    Parameters
    ----------
    slug : str, optional
        The competition; the repository's default one if not given.
    start : path, optional
        Where to look for the repository, from there upwards; the working directory if not given.

    Raises
    ------
    PodiumError
        If there is no such repository or competition, or its data cannot be prepared.
    """
    repository = Repository.find(None if start is None else Path(start))
    definition = read_competition(repository.data(repository.require(slug)) / "competition.toml")
    ensure_prepared(repository, definition)
    return LoadedCompetition(definition, read_prepared(repository, definition))


def evaluate(estimator: Any, slug: str | None = None, jobs: int | None = None) -> Evaluation:
    """Evaluate an estimator on a competition: ``load(slug).evaluate(estimator)``."""
    return load(slug).evaluate(estimator, jobs)
