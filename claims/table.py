"""The tables in README.md and docs/claims.md, rendered from the outcomes alone."""

from collections.abc import Callable
from pathlib import Path

from claims import convlstm, kaggle_lte, resampling
from claims.measurements import MEASUREMENTS, resampling_name
from claims.record import Outcome, Outcomes
from competition.repository import write_text

Numbers = dict[str, float]
LEFT, RIGHT = ("---", "---"), ("--:",)
START, END = "<!-- claims -->", "<!-- /claims -->"
CONVLSTM_PAPER = "[Noonari et al. 2024](https://arxiv.org/abs/2410.03732)"
# What keeps a pipeline from being inflated, where one is not
EXCEPT = {"lte-anomaly": "; LightGBM reads the labels from the last digits either way"}
RESAMPLING_PAPER = "[Vandewiele et al. 2021](https://doi.org/10.1016/j.artmed.2020.101987)"


def short(outcomes: Outcomes) -> str:
    """Return the README's table: one row a claim."""
    rows = [
        ("claim", "the same pipeline, run as usual", "under Podium", "why they differ"),
        ("---",) * 4,
        _kaggle_row(outcomes),
        _convlstm_row(outcomes),
        *(_resampling_row(outcomes, slug) for slug in resampling.COMPETITIONS),
    ]
    return "\n".join(_line(row) for row in rows)


def long(outcomes: Outcomes) -> str:
    """Return the tables of docs/claims.md: every outcome with its command, and every pipeline of the third claim."""
    return f"{_of_every_outcome(outcomes)}\n\n{_of_resampling(outcomes)}"


DOCUMENTS: dict[str, Callable[[Outcomes], str]] = {"README.md": short, "docs/claims.md": long}


def stale(root: Path, outcomes: Outcomes) -> list[str]:
    """Return the documents whose table is not what the outcomes render."""
    return [name for name, text in _rendered(root, outcomes).items() if (root / name).read_text("utf-8") != text]


def update(root: Path, outcomes: Outcomes) -> None:
    """Write the tables between their markers."""
    for name, text in _rendered(root, outcomes).items():
        write_text(root / name, text)


def _rendered(root: Path, outcomes: Outcomes) -> dict[str, str]:
    return {name: between((root / name).read_text("utf-8"), table(outcomes), name) for name, table in DOCUMENTS.items()}


def between(text: str, table: str, name: str) -> str:
    """Replace what stands between the markers, which occur once each and in this order.

    Raises
    ------
    ValueError
        If they do not.
    """
    if text.count(START) != 1 or text.count(END) != 1 or text.index(START) > text.index(END):
        raise ValueError(f"{name}: the markers {START} and {END} must stand there once each, in this order")
    head, rest = text.split(START)
    return f"{head}{START}\n{table}\n{END}{rest.split(END)[1]}"


# --- rows of the short table ---


def _kaggle_row(outcomes: Outcomes) -> tuple[str, ...]:
    published, fair = (_of(outcomes, f"kaggle: {edition}") for edition in ("published", "fair"))
    return (
        f"F1 {kaggle_lte.STATED:.3f} on Kaggle's LTE test ([GentleBoost, 1,500 trees]({kaggle_lte.CODE}); the highest "
        "that a team states)",
        _cell(published, lambda n: f"random folds of Kaggle's labelled rows: F1 **{_f1(n)}**"),
        _cell(fair, lambda n: f"the same rows without the leaks, `{kaggle_lte.FAIR}`: F1 **{_f1(n)}**"),
        "the classes were scaled by different factors before rounding, so the last digits tell the label",
    )


def _convlstm_row(outcomes: Outcomes) -> tuple[str, ...]:
    first, inside = (_of(outcomes, f"convlstm: {name}") for name in ("resampled first", "inside the folds"))
    return (
        f"{100 * convlstm.STATED:.0f} % accuracy of a multi-scale ConvLSTM with SMOTE ({CONVLSTM_PAPER}, abstract)",
        _cell(first, lambda n: f"SMOTE, then a random split of windows: {_both(n)} on `{first.competition}`"),
        _cell(
            inside,
            lambda n: (
                f"whole days apart, SMOTE of training windows: {_both(n)}; "
                f"always saying usual: accuracy {_percent(n['always 0'])}"
            ),
        ),
        "test windows overlap training windows or were drawn between them, and SMOTE made half of them unusual",
    )


def _both(numbers: Numbers) -> str:
    return f"accuracy **{_percent(numbers['accuracy'])}**, F1 **{_f1(numbers)}**"


def _resampling_row(outcomes: Outcomes, slug: str) -> tuple[str, ...]:
    return (
        f"near-perfect scores with oversampling before the split (reviewed by {RESAMPLING_PAPER}); here on `{slug}`",
        f"all rows resampled, then random folds: {_of_each_pipeline(outcomes, slug, 'before f1')}",
        f"training rows of each fold resampled: {_of_each_pipeline(outcomes, slug, 'inside f1')}",
        f"copies and mixtures of test rows are trained on, and the test rows were balanced too{EXCEPT.get(slug, '')}",
    )


def _of_each_pipeline(outcomes: Outcomes, slug: str, score: str) -> str:
    parts = []
    for pipeline in resampling.PIPELINES:
        one = _of(outcomes, resampling_name(slug, pipeline))
        parts.append(f"{pipeline.title} {_cell(one, lambda n: f'**{n[score]:.3f}**')}")
    return f"F1 of {'; '.join(parts)}"


# --- the long tables ---


def _of_every_outcome(outcomes: Outcomes) -> str:
    rows: list[tuple[str, ...]] = [
        ("measurement", "on", "F1 (95 %)", "accuracy", "always 0", "command", "made"),
        (*LEFT, *RIGHT * 3, *LEFT),
    ]
    for name, one in _named(outcomes, "kaggle", "convlstm"):
        rows.append((name, *_long_row(one, "")))
        if "real f1" in one.numbers:
            rows.append((f"{name}, on windows that SMOTE did not draw", *_long_row(one, "real ")))
    return "\n".join(_line(row) for row in rows)


def _long_row(one: Outcome, prefix: str) -> tuple[str, ...]:
    n = {name.removeprefix(prefix): value for name, value in one.numbers.items() if name.startswith(prefix)}
    shown = (_f1(n), _percent(n["accuracy"]), _percent(n["always 0"])) if n else ("–",) * 3
    return (f"`{one.competition}`", *shown, f"`{one.command}`", _made(one))


def _of_resampling(outcomes: Outcomes) -> str:
    scores = ("F1 before", "on real rows alone", "F1 inside, random folds", "F1 inside, Podium", "inflation (95 %)")
    shares = ("accuracy before", "accuracy inside", "always 0")
    rows: list[tuple[str, ...]] = [("on and pipeline", "command", *scores, *shares, "made"), (*LEFT, *RIGHT * 8, "---")]
    for name, one in _named(outcomes, "resampling"):
        n = one.numbers
        shown: tuple[str, ...] = ("–",) * 8
        if n:
            interval = f"{n['inflation low']:+.3f} to {n['inflation high']:+.3f}"
            f1 = (f"{n[key]:.3f}" for key in ("before f1", "real f1", "random f1", "inside f1"))
            accuracy = (_percent(n[key]) for key in ("before accuracy", "inside accuracy", "always 0"))
            shown = (*f1, f"{n['inflation']:+.3f} ({interval})", *accuracy)
        rows.append((name, f"`{one.command}`", *shown, _made(one)))
    return "\n".join(_line(row) for row in rows)


def _named(outcomes: Outcomes, *claims: str) -> list[tuple[str, Outcome]]:
    return [
        (name.removeprefix("resampling: "), _of(outcomes, name))
        for name, measurement in MEASUREMENTS.items()
        if measurement.claim in claims
    ]


# --- cells ---


def _of(outcomes: Outcomes, name: str) -> Outcome:
    """Return an outcome; one without numbers where it was never taken."""
    measurement = MEASUREMENTS[name]
    return outcomes.get(name) or Outcome(competition=measurement.competition, command=measurement.command)


def _cell(one: Outcome, text: Callable[[Numbers], str]) -> str:
    if not one.numbers:
        return f"not measured: {one.not_again or 'not run yet'}"
    return text(one.numbers) + _note(one)


def _note(one: Outcome) -> str:
    """Tell when and at which commit numbers were made that the last run did not make again."""
    return f" (of {one.made_on}, {one.commit}: {one.not_again})" if one.not_again and one.numbers else ""


def _made(one: Outcome) -> str:
    when = f"{one.made_on}, {one.commit}" if one.numbers else "not measured"
    return f"{when}; {one.not_again}" if one.not_again else when


def _f1(numbers: Numbers) -> str:
    if "f1 low" not in numbers:
        return f"{numbers['f1']:.3f}"
    return f"{numbers['f1']:.3f} ({numbers['f1 low']:.3f}–{numbers['f1 high']:.3f})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
