"""``competition.toml`` -> `Competition`, checked field by field.

A mistake gives one line that names the file, the key, what was found and what is allowed.
"""

import re
import tomllib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from competition.consistency import check_consistency
from competition.errors import PodiumError, nearest
from competition.metrics import METRICS, Metric, Scorer, Task

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
    edition_of: Slug | None = None  # the competition whose data this one holds in another form


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

    key: Literal["open", "sealed"] = "open"


class Feedback(_Table):
    """``[feedback]``: what authors are told of a sealed key before the competition is closed; without it, nothing."""

    mechanism: Literal["ladder"] = "ladder"
    looks_per_day: Annotated[int, Field(ge=1)] | None = None  # of an author, by UTC


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


class BoardRules(_Table):
    """``[board]``: what the pages of a board show beside the ranking."""

    slices: tuple[Name, ...] | None = Field(default=None, strict=False)  # columns; group and time if not given


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
    feedback: Feedback | None = None
    split: Split
    cv: CrossValidation
    prediction: PredictionRules = PredictionRules()
    submission: SubmissionFormat = SubmissionFormat()
    metric: MetricChoice
    ranking: Ranking = Ranking()
    solutions: Solutions = Solutions()
    board: BoardRules = BoardRules()
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
    def is_sealed(self) -> bool:
        """Whether the answer key lies outside the repository."""
        return self.answers.key == "sealed"

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
        check_consistency(self)
        return self


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
    _check_edition(definition, path)
    return definition


def _check_edition(definition: Competition, path: Path) -> None:
    """Check that an edition is one of another competition that lies beside it."""
    original = definition.competition.edition_of
    if original is None:
        return
    others = sorted({file.parent.name for file in path.parent.parent.glob("*/competition.toml")} - {definition.slug})
    where = f"{path}: competition.edition_of: found '{original}'"
    if original == definition.slug:
        raise PodiumError(f"{where}, the competition itself; allowed: another competition of the repository")
    if original not in others:
        raise PodiumError(f"{where}, which is no competition of the repository; {nearest(original, others)}")


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
        annotation = table.model_fields[str(part)].annotation if hasattr(table, "model_fields") else None
        table = next((kind for kind in get_args(annotation) if hasattr(kind, "model_fields")), annotation)
    return list(getattr(table, "model_fields", ()))
