"""`podium close`, and what the other commands do with a sealed key: only its organiser's machine has one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from competition.cli.common import (
    Json,
    Keys,
    Slug,
    definition_of,
    err,
    out,
    print_json,
    record_board,
    this_repository,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.definition import Competition
    from competition.feedback.desk import Answer, Desk
    from competition.feedback.published import Closed
    from competition.repository import Repository
    from competition.results import Predictions, Result


@dataclass(frozen=True)
class Sealed:
    """A sealed competition, and the folder of keys that the user named."""

    repository: "Repository"
    definition: "Competition"
    keys: Path | None

    def desk(self) -> "Desk":
        """Open the organiser's desk.

        Raises
        ------
        PodiumError
            If the key is not here, or not the one that the data was prepared with.
        """
        from competition.vault import require_vault

        vault = require_vault(self.repository, self.definition.slug, self.keys)

        from competition.dataset import ensure_prepared, read_prepared
        from competition.feedback.desk import Desk

        ensure_prepared(self.repository, self.definition)
        return Desk.open(self.repository, read_prepared(self.repository, self.definition), vault)


# --- podium close ---


def close(slug: Slug, keys: Keys = None, as_json: Json = False) -> None:
    """Close a sealed competition: score what was handed in on the private rows, publish it, and take in no more.

    One that is closed already stays as it is, and its final scores are shown again.
    """
    from competition.board.heldout import closing_section
    from competition.board.terminal import render_section
    from competition.feedback.published import read_published

    repository = this_repository()
    definition = definition_of(repository, slug)
    if not definition.is_sealed:
        raise PodiumError(
            f"the answer key of '{definition.slug}' is open, so that there is nothing to close",
            f"`podium leaderboard {definition.slug}` shows public and private scores",
        )
    closed = read_published(repository, definition.slug).closed or _close(Sealed(repository, definition, keys))
    if as_json:
        print_json(closed.model_dump(mode="json"))
        return
    for part in render_section(closing_section(closed, definition)):
        out.print(part, soft_wrap=True)


def _close(sealed: Sealed) -> "Closed":
    """Close, write the board, and say which recorded solutions have no part in it."""
    from competition.feedback.closing import close as close_competition
    from competition.manifest import current_manifest
    from competition.result_files import collect_results

    repository, definition = sealed.repository, sealed.definition
    closed = close_competition(sealed.desk())
    record_board(repository, definition, current_manifest(repository, definition))
    scored = {final.name for final in closed.finals if final.kind == "solution"}
    results = collect_results(repository, definition.slug).results
    without = sorted(one.solution.name for one in results if not one.failures and one.solution.name not in scored)
    if without:
        _say(f"without final scores, since `podium run --record` never had the key: {', '.join(without)}")
    return closed


# --- podium score ---


def score_sealed(sealed: Sealed, file: Path, authors: Sequence[str], *, as_json: bool) -> None:
    """Check a submission, count a look of its authors, and print what they may be told."""
    from competition.feedback.desk import Handed
    from competition.submission import read_submission

    desk = sealed.desk()
    if not authors:
        raise PodiumError(f"{file}: whose is it?", "--author NAME counts the look; once for each author")
    prepared = desk.answers.prepared
    submission = read_submission(file, sealed.definition, prepared.heldout.id, prepared.classes)
    answer = desk.hand_in(Handed(tuple(authors), file.name, "submission", submission.predictions))
    if as_json:
        print_json(
            {
                "competition": sealed.definition.slug,
                "rows": submission.n_rows,
                "looks": answer.looks,
                "counted": answer.is_new,
                "released": answer.release and answer.release.model_dump(),
                "best": answer.best and answer.best.model_dump(),
            }
        )
        return
    out.print(told(answer, sealed.definition), highlight=False, markup=False, soft_wrap=True)


def told(answer: "Answer", definition: "Competition") -> str:
    """Say in a sentence what authors are told."""
    title = definition.primary.title
    looks = ", ".join(f"look {count} of {name}" for name, count in answer.looks.items())
    counted = looks if answer.is_new else "handed in before, so that no look is counted"
    if definition.feedback is None:
        return f"taken in; scores appear when the competition is closed ({counted})"
    if answer.release is not None:
        return f"public {title} {answer.release.shown}, in steps of {answer.release.step:g} ({counted})"
    stays = answer.best.shown if answer.best else "–"
    return f"not significantly better: the best public {title} stays {stays} ({counted})"


# --- podium run ---


def check_isolated(sealed: Sealed, isolation: str) -> None:
    """Refuse to run strangers' code beside a key that it could read.

    Raises
    ------
    PodiumError
        If a folder of keys is named, and trials are not isolated.
    """
    if sealed.definition.is_sealed and sealed.keys is not None and isolation == "none":
        raise PodiumError(
            f"solutions are not isolated here, and could read the key of '{sealed.definition.slug}' in {sealed.keys}",
            "run them without --keys and PODIUM_KEYS where the key is not, or see `podium doctor`",
        )


def give_feedback(
    sealed: Sealed, results: Mapping[str, "Result"], predict: Callable[[list[str]], "Mapping[str, Predictions]"]
) -> None:
    """Let the Ladder see the solutions that it has not seen yet, where the key is here.

    Parameters
    ----------
    results : mapping
        Of the solutions, by name.
    predict : callable
        Returns predictions of the held-out rows by name, for some names.
    """
    from competition.feedback.desk import Handed, closed_in
    from competition.feedback.ledger import opened
    from competition.manifest import read_manifest
    from competition.vault import named_vault

    repository, definition = sealed.repository, sealed.definition
    vault = named_vault(repository, definition.slug, sealed.keys)
    if vault is None or not vault.key.exists():
        _say("the key is not here: held-out scores stay sealed (--keys DIR or PODIUM_KEYS names its folder)")
        return
    closed = closed_in(repository, vault)
    if closed is not None:
        _say(f"closed on {closed.date}: what came after it has no held-out scores")
        return
    manifest = read_manifest(repository, definition.slug)
    with opened(vault) as books:
        ledger = books.read((manifest.key if manifest else None) or "")
    new = [name for name, one in sorted(results.items()) if not one.failures and not ledger.has(*_fingerprint(one))]
    made = predict(new) if new else {}
    desk = sealed.desk()
    for name in sorted(made):
        try:
            answer = desk.hand_in(Handed(results[name].solution.authors, name, "solution", made[name]))
        except PodiumError as error:  # such as a limit: the others go on
            _say(f"{name}: {error}")
        else:
            _say(f"{name}: {told(answer, definition)}")


def _fingerprint(result: "Result") -> tuple[str, tuple[str, ...], str | None]:
    predictions = next((trial.predictions for trial in result.trials if trial.part == "heldout"), None)
    return result.solution.name, result.solution.authors, predictions


def _say(text: str) -> None:
    err.print(text, highlight=False, markup=False, soft_wrap=True)
