"""A leaderboard with one solution on it, made up to see how its texts are shown."""

from competition.board.table import Leaderboard, build
from competition.definition import Competition
from competition.results import Failure, Provenance, Result, SolutionCard, TrialRecord
from competition.solution import Solution


def example(solution: Solution) -> Leaderboard:
    """Return a board on which a solution stands twice: ranked, and failed with its own text as the message."""
    definition = Competition.model_validate(
        {
            "competition": {"slug": "decoy", "title": "Decoy", "task": "binary", "seed": 1},
            "data": {"id": "id", "target": "target", "positive": 1},
            "split": {"strategy": "random", "fraction": 0.25},
            "cv": {"strategy": "random", "n_splits": 2},
            "metric": {"primary": "f1"},
        }
    )
    text = solution.docstring or solution.metadata.title
    failure = Failure(type="error", message=text[:2_000], traceback=(text[:200],))
    results = [_result(solution, definition, name, failed) for name, failed in (("ranked", None), ("failed", failure))]
    return build(definition, results, None)


def _result(solution: Solution, definition: Competition, name: str, failure: Failure | None) -> Result:
    about = solution.metadata
    card = SolutionCard(
        name=name,
        origin="decoy",
        title=about.title,
        authors=about.authors,
        tags=about.tags,
        disclosure=about.disclosure,
        docstring=solution.docstring,
    )
    scores = {} if failure else {"f1": 0.5}
    trials = [
        TrialRecord(
            part="cv",
            repeat=0,
            fold=fold,
            seed=1,
            rows_train=50,
            rows_predict=50,
            metrics={"f1": None} | scores,
            fit_seconds=1.0,
            predict_seconds=1.0,
            wall_seconds=2.0,
            peak_memory_mb=100.0,
            predictions=None,
            failure=failure,
        )
        for fold in range(2)
    ]
    made_with = dict.fromkeys(Provenance.model_fields, "decoy") | {"packages": {}, "threads": 1, "isolation": "none"}
    made_with |= {"rules": definition.rules, "competition_version": definition.competition.version}
    return Result(
        format=1,
        competition="decoy",
        solution=card,
        provenance=Provenance.model_validate(made_with),
        score=None if failure else 0.5,
        metrics={"f1": None} | scores,
        heldout={},
        statistics=None,
        confusion=None,
        classes=("0", "1"),
        curves={},
        trials=tuple(trials),
    )
