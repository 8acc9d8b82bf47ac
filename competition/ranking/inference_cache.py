"""What was last inferred about a competition's results, in a file: the same evidence is resampled once.

A board is printed again and again, mostly of the same results. What is recorded is inferred anew.
"""

import contextlib
import json
import platform
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.errors import PodiumError
from competition.evaluation import checked
from competition.evaluation.key import arrays_fingerprint
from competition.evaluation.sources import INFERENCE_SOURCES, fingerprint, this_harness
from competition.ranking.inference import Evidence, Inference, infer_from

FORMAT = 1
MAGIC = b"PODINFER"
DTYPES = {"low": "f8", "high": "f8", "first_share": "f8", "rank_low": "i8", "rank_high": "i8"}


def cached_in(file: Path) -> Callable[[Evidence], Inference]:
    """Return what infers once and takes it from a file the next time.

    A file that is not whole, or of other evidence, is replaced; one that cannot be written is left.
    """

    def infer(evidence: Evidence) -> Inference:
        key = _key(evidence)
        known = _read(file, key, len(evidence.contestants))
        if known is not None:
            return known
        made = infer_from(evidence)
        arrays = {name: array for name in DTYPES if (array := getattr(made, name)) is not None}
        with contextlib.suppress(PodiumError):
            checked.write(file, MAGIC, arrays, {"key": key, "reason": made.reason})
        return made

    return infer


def _key(evidence: Evidence) -> str:
    """SHA-256 of everything that decides an inference."""
    contestants, scorer = evidence.contestants, evidence.scorer
    content = {
        "format": FORMAT,
        "contestants": arrays_fingerprint(
            statistics=np.stack([one.statistics for one in contestants]),
            scores=np.array([one.score for one in contestants]),
            seed_deviations=np.array([one.seed_deviation for one in contestants]),
            n_fits=np.array([one.n_fits for one in contestants]),
        ),
        "metric": scorer.metric.name,
        "n_classes": scorer.n_classes,
        "params": dict(scorer.params),
        "seed": evidence.seed,
        "sources": [this_harness().scoring, fingerprint(INFERENCE_SOURCES)],
        # The folder may be shared, and another machine rounds otherwise.
        "machine": [np.__version__, platform.node()],
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read(file: Path, key: str, n_solutions: int) -> Inference | None:
    try:
        message = checked.decode(file.read_bytes(), MAGIC)
    except OSError:
        return None
    if message is None:
        return None
    arrays, meta = message
    is_of_this = meta.get("key") == key and all(_fits(name, array, n_solutions) for name, array in arrays.items())
    return Inference(**{name: arrays.get(name) for name in DTYPES}, reason=meta["reason"]) if is_of_this else None


def _fits(name: str, array: NDArray[Any], n_solutions: int) -> bool:
    return name in DTYPES and array.dtype == DTYPES[name] and array.shape == (n_solutions,)
