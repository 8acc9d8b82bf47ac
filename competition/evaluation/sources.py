"""Which of the harness's own files decide what: a fingerprint of each group stands in results and in cache keys.

This imports nothing of the sandbox, so that a board can be shown where no trial can run.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]

# All that a trial sees of ours: it runs beside a stranger's code.
CHILD_SOURCES = (
    "competition/__init__.py",
    "competition/evaluation/__init__.py",
    "competition/evaluation/child.py",
    "competition/evaluation/control.py",
    "competition/evaluation/reference.py",
    "competition/evaluation/sandbox/__init__.py",
    "competition/evaluation/sandbox/confine.py",
    "competition/evaluation/sandbox/landlock.py",
    "competition/evaluation/sandbox/locks.py",
    "competition/evaluation/sandbox/seccomp.py",
    "competition/evaluation/trial.py",
    "competition/evaluation/watch.py",
    "competition/evaluation/wire.py",
)
# All that decides what a trial comes to: that, and what starts, confines and judges it.
TRIAL_SOURCES = (
    *CHILD_SOURCES,
    "competition/evaluation/claims.py",
    "competition/evaluation/outcomes.py",
    "competition/evaluation/sandbox/bubblewrap.py",
    "competition/evaluation/sandbox/levels.py",
    "competition/evaluation/worker.py",
    "competition/evaluation/workers.py",
)
# What makes folds of the data, and scores of predictions.
SCORING_SOURCES = (
    "competition/consistency.py",
    "competition/dataset.py",
    "competition/definition.py",
    "competition/evaluation/curves.py",
    "competition/evaluation/plan.py",
    "competition/evaluation/scoring.py",
    "competition/measures/errors.py",
    "competition/measures/labels.py",
    "competition/measures/ranks.py",
    "competition/measures/sums.py",
    "competition/metrics.py",
    "competition/predictions.py",
    "competition/prepared_folder.py",
    "competition/results.py",
    "competition/splits.py",
    "competition/tables.py",
    "competition/vault.py",
)
# What a score's interval and its range of ranks depend on, beside that.
INFERENCE_SOURCES = (
    "competition/ranking/inference.py",
    "competition/ranking/linearised.py",
    "competition/ranking/maxt.py",
    "competition/ranking/resampling.py",
    "competition/ranking/score_intervals.py",
    "competition/ranking/widening.py",
)
# What the machines of a cluster run beside trials: how they tell what they are, what they take and send back.
CLUSTER_SOURCES = (
    "competition/evaluation/cluster/machines.py",
    "competition/evaluation/cluster/site.py",
    "competition/evaluation/surroundings.py",
    "competition/packages.py",
)


@dataclass(frozen=True)
class Harness:
    """The harness, as far as it decides what a result says.

    Parameters
    ----------
    child : str
        Fingerprint of what runs, confines and judges trials.
    scoring : str
        Fingerprint of what makes folds and scores: where it is equal, equal predictions have equal scores.
    """

    child: str
    scoring: str


def this_harness() -> Harness:
    """Return the harness that runs this."""
    return Harness(child=fingerprint(TRIAL_SOURCES), scoring=fingerprint(SCORING_SOURCES))


@cache
def fingerprint(names: tuple[str, ...]) -> str:
    """SHA-256 of some of the harness's files, 16 hexadecimal digits."""
    digest = sha256()
    for name in names:
        content = (ROOT / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
