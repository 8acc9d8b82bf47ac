"""Whether the rules of a competition fit together: what no single field of ``competition.toml`` can know."""

from typing import TYPE_CHECKING

from competition.errors import nearest
from competition.metrics import AVERAGES, METRICS

if TYPE_CHECKING:
    from competition.definition import Competition


def check_consistency(c: "Competition") -> None:
    """Check what no single field can know.

    Raises
    ------
    ValueError
        In one line, which begins with the key: what was found, and what is allowed.
    """
    _check_metrics(c)
    _check_columns(c)
    _check_strategies(c)
    _check_answers(c)


def _check_metrics(c: "Competition") -> None:
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


def _check_columns(c: "Competition") -> None:
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
    for name in c.board.slices or ():
        if name in roles.values():
            raise ValueError(f"board.slices: '{name}' is no feature; allowed: columns that solutions see")
        if c.data.features is not None and name not in c.data.features:
            raise ValueError(f"board.slices: '{name}' is not in data.features; {nearest(name, c.data.features)}")
    if c.submission.id == c.submission.prediction:
        raise ValueError(f"submission.prediction: '{c.submission.prediction}' is the id column too")
    if c.submission.kind == "probability" and c.task != "binary":
        raise ValueError(f"submission.kind: 'probability' is for binary tasks, and this one is {c.task}")


def _check_strategies(c: "Competition") -> None:
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


def _check_answers(c: "Competition") -> None:
    if c.feedback is not None and not c.is_sealed:
        raise ValueError(
            "feedback: only for a sealed key; answers.key is 'open', so that anyone can score the held-out rows"
        )
    if c.is_sealed and c.ranking.by == "heldout":
        raise ValueError("ranking.by: 'heldout' would show private scores, and answers.key is 'sealed'; allowed: 'cv'")
