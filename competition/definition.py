"""``competition.toml`` -> `Competition`, checked field by field.

A mistake gives one line that names the file, the key, what was found and what is allowed.
"""

import re
import tomllib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from competition.errors import PodiumError, nearest
from competition.metrics import AVERAGES, METRICS, Metric, Scorer, Task

Label = bool | int | str
SplitStrategy = Literal["stratified", "random", "group", "time"]
CvStrategy = Literal["stratified", "random", "group", "blocks", "forward"]
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(min|h|d)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError("must be lower-case words joined by hyphens")
    return value


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError("must be a number with a unit: min, h or d, such as '6h'")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class About(_Table):
    """``[competition]``."""

    slug: Slug
    title: Name
    task: Task
    version: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class Data(_Table):
    """``[data]``: what the columns are."""

    id: Name
    target: Name
    positive: Label | None = None
    group: Name | None = None
    time: Name | None = None
    features: tuple[Name, ...] | None = Field(default=None, min_length=1, strict=False)


class Answers(_Table):
    """``[answers]``."""

    key: Literal["open"] = "open"


class Split(_Table):
    """``[split]``: how the held-out rows are set apart, and how they fall into a public and a private part."""

    strategy: SplitStrategy
    fraction: Annotated[float, Field(gt=0, lt=1)] = 0.25
    public: Annotated[float, Field(gt=0, lt=1)] = 0.5


class CrossValidation(_Table):
    """``[cv]``."""

    strategy: CvStrategy
    n_splits: Annotated[int, Field(ge=2, le=100)] = 5
    n_repeats: Annotated[int, Field(ge=1, le=100)] = 1
    embargo: Annotated[str, AfterValidator(_duration)] = "0h"

    @property
    def embargo_duration(self) -> timedelta:
        """Time between train and validation rows."""
        match = _DURATION.fullmatch(self.embargo)
        assert match is not None  # checked when read
        return timedelta(**{_UNITS[match[2]]: float(match[1])})


class PredictionRules(_Table):
    """``[prediction]``."""

    rows: Literal["together", "alone"] = "together"


class SubmissionFormat(_Table):
    """``[submission]``."""

    id: Name = "Id"
    prediction: Name = "Label"
    kind: Literal["value", "probability"] = "value"


class MetricChoice(_Table):
    """``[metric]``."""

    primary: str
    also: tuple[str, ...] = Field(default=(), strict=False)
    params: dict[str, dict[str, int | float | str]] = Field(default_factory=dict)


class Ranking(_Table):
    """``[ranking]``."""

    by: Literal["cv", "heldout"] = "cv"
    cluster: Literal["row", "group", "day"] = "row"
    n_seeds: Annotated[int, Field(ge=1, le=20)] = 3  # with which the first fold is run: how much is luck


class Solutions(_Table):
    """``[solutions]``."""

    borrow: tuple[Slug, ...] = Field(default=(), strict=False)


class Limits(_Table):
    """``[limits]``: of one trial."""

    seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    memory_gb: Annotated[float, Field(ge=0.5, le=1024)] = 4.0
    threads: Annotated[int, Field(ge=1, le=256)] = 1


class Competition(_Table):
    """The rules of one competition: one field a table of ``competition.toml``."""

    competition: About
    data: Data
    answers: Answers = Answers()
    split: Split
    cv: CrossValidation
    prediction: PredictionRules = PredictionRules()
    submission: SubmissionFormat = SubmissionFormat()
    metric: MetricChoice
    ranking: Ranking = Ranking()
    solutions: Solutions = Solutions()
    limits: Limits = Limits()

    @property
    def slug(self) -> str:
        """The competition's name."""
        return self.competition.slug

    @property
    def task(self) -> Task:
        """Binary, multiclass or regression."""
        return self.competition.task

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Every metric of the board, the primary one first."""
        return (self.metric.primary, *self.metric.also)

    @property
    def primary(self) -> Metric:
        """The metric that ranks."""
        return METRICS[self.metric.primary]

    def scorer(self, metric: str, n_classes: int) -> Scorer:
        """Bind a metric to this competition's task and parameters."""
        return Scorer(METRICS[metric], n_classes, self.metric.params.get(metric, {}))

    def fingerprint(self) -> str:
        """SHA-256 over what decides the prepared data and the split, 16 hexadecimal digits."""
        parts = [part.model_dump_json() for part in (self.data, self.split, self.cv, self.answers)]
        about = f"{self.competition.task} {self.competition.seed}"
        return sha256("\n".join([about, *parts]).encode()).hexdigest()[:16]

    @property
    def rules(self) -> str:
        """SHA-256 over what decides a score: what the data is made and used for, and how it is scored; 16 digits."""
        parts = [self.fingerprint()]
        parts += [part.model_dump_json() for part in (self.ranking, self.prediction, self.limits)]
        parts += [self.metric.primary, str(sorted(self.metric.params.items()))]
        return sha256("\n".join(parts).encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Check what no single field can know; messages start with the key."""
        _check_metrics(self)
        _check_columns(self)
        _check_strategies(self)
        return self


def _check_metrics(c: Competition) -> None:
    for key, names in (("primary", (c.metric.primary,)), ("also", c.metric.also), ("params", tuple(c.metric.params))):
        for name in names:
            allowed = [metric.name for metric in METRICS.values() if c.task in metric.tasks]
            if name not in METRICS:
                raise ValueError(f"metric.{key}: '{name}' is no metric that is known here; {nearest(name, allowed)}")
            if name not in allowed:
                raise ValueError(f"metric.{key}: '{name}' is not for {c.task} tasks; {nearest('', allowed)}")
    if len(set(c.metric_names)) < len(c.metric_names):
        raise ValueError(f"metric.also: a metric stands twice in {', '.join(c.metric_names)}")
    for name, params in c.metric.params.items():
        if name not in c.metric_names:
            raise ValueError(f"metric.params: '{name}' is not among the metrics; {nearest(name, c.metric_names)}")
        for key, value in params.items():
            where = f"metric.params.{name}.{key}"
            if key not in METRICS[name].params:
                raise ValueError(f"{where}: unknown parameter; {nearest(key, METRICS[name].params)}")
            if key == "average" and c.task != "multiclass":
                raise ValueError(f"{where}: only for multiclass tasks; a {c.task} one scores the positive class")
            if key == "average" and value not in AVERAGES:
                raise ValueError(f"{where}: found {value!r}; {nearest(str(value), AVERAGES)}")
            if key == "beta" and not (isinstance(value, int | float) and value > 0):
                raise ValueError(f"{where}: found {value!r}; allowed: a number above 0")


def _check_columns(c: Competition) -> None:
    if c.task == "binary" and c.data.positive is None:
        raise ValueError("data.positive: missing; a binary task names the class that counts as positive")
    if c.task != "binary" and c.data.positive is not None:
        raise ValueError(f"data.positive: only for binary tasks, and this one is {c.task}")
    roles = {"id": c.data.id, "target": c.data.target}
    if c.data.id == c.data.target:
        raise ValueError(f"data.target: '{c.data.target}' is the id column too")
    for key, column in (("group", c.data.group), ("time", c.data.time)):
        for role, name in roles.items():
            if column == name:
                raise ValueError(f"data.{key}: '{column}' is the {role} column too")
    for role, name in roles.items():
        if c.data.features is not None and name in c.data.features:
            raise ValueError(f"data.features: '{name}' is the {role} column, which no solution may see")
    if c.submission.id == c.submission.prediction:
        raise ValueError(f"submission.prediction: '{c.submission.prediction}' is the id column too")
    if c.submission.kind == "probability" and c.task != "binary":
        raise ValueError(f"submission.kind: 'probability' is for binary tasks, and this one is {c.task}")


def _check_strategies(c: Competition) -> None:
    wanted = [
        ("split.strategy", c.split.strategy),
        ("cv.strategy", c.cv.strategy),
        ("ranking.cluster", c.ranking.cluster),
    ]
    for key, value in wanted:
        if value in ("time", "blocks", "forward", "day") and c.data.time is None:
            raise ValueError(f"{key}: '{value}' needs data.time, the name of a time column")
        if value == "group" and c.data.group is None:
            raise ValueError(f"{key}: 'group' needs data.group, the name of a group column")
        if value == "stratified" and c.task == "regression":
            raise ValueError(f"{key}: 'stratified' needs classes; for regression: random, group or a strategy in time")
    if c.cv.n_repeats > 1 and c.cv.strategy not in ("stratified", "random"):
        raise ValueError(
            f"cv.n_repeats: {c.cv.n_repeats} repeats of '{c.cv.strategy}' would draw the same folds; allowed: 1"
        )
    if c.cv.embargo_duration and c.cv.strategy not in ("blocks", "forward"):
        raise ValueError(f"cv.embargo: '{c.cv.embargo}' has a meaning only with cv.strategy blocks or forward")


def read_competition(path: Path) -> Competition:
    """Read and check a competition.

    Parameters
    ----------
    path : Path
        A ``competition.toml``, in a folder with the competition's name.

    Raises
    ------
    PodiumError
        In one line: which file, which key, what was found, what is allowed.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PodiumError(f"{path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PodiumError(f"{path} is not valid TOML: {error}") from None
    try:
        definition = Competition.model_validate(content)
    except ValidationError as error:
        raise PodiumError(f"{path}: {_first(error)}") from None
    if definition.slug != path.parent.name:
        raise PodiumError(
            f"{path}: competition.slug: found '{definition.slug}'; allowed: '{path.parent.name}', the folder's name"
        )
    return definition


def _first(error: ValidationError) -> str:
    """Tell the first mistake; an unknown key before a missing one, since it is usually the same key misspelt."""
    mistakes = sorted(error.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")
    mistake: Any = mistakes[0]
    key = _key(mistake["loc"])
    match mistake["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key; {nearest(str(mistake['loc'][-1]), _fields(mistake['loc'][:-1]))}"
        case "missing":
            return f"{key}: missing"
        case "value_error" if not key:
            return str(mistake["ctx"]["error"])
        case "value_error":
            return f"{key}: found {mistake['input']!r}; it {mistake['ctx']['error']}"
        case "literal_error" if mistake["input"] == "forecasting":
            return f"{key}: forecasting is not supported yet; allowed: {mistake['ctx']['expected']}"
        case "literal_error" if mistake["input"] == "sealed":
            return f"{key}: sealed answer keys are not supported yet; allowed: {mistake['ctx']['expected']}"
        case "literal_error":
            return f"{key}: found {mistake['input']!r}; allowed: {mistake['ctx']['expected']}"
        case "bool_type" | "int_type" | "string_type" if key == "data.positive":
            return f"{key}: found {mistake['input']!r}; allowed: a whole number, true, false or text"
        case _:
            return f"{key}: found {mistake['input']!r}; {mistake['msg'][:1].lower()}{mistake['msg'][1:]}"


def _key(location: tuple[int | str, ...]) -> str:
    """Name a key as the file does, without the branches of a union, such as ``data.positive.bool``."""
    parts = [str(part) for part in location]
    is_branch = len(parts) > 1 and parts[-1] in ("bool", "int", "str") and parts[-1] not in _fields(location[:-1])
    return ".".join(parts[:-1] if is_branch else parts)


def _fields(location: tuple[int | str, ...]) -> list[str]:
    table: Any = Competition
    for part in location:
        table = table.model_fields[str(part)].annotation if hasattr(table, "model_fields") else None
    return list(getattr(table, "model_fields", ()))
