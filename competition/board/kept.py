"""What was last inferred about a competition's results, kept in a file: the same evidence is resampled once.

A board is printed again and again, and the resampling takes a third of that time. What is recorded is inferred anew.
"""

import contextlib
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.errors import PodiumError
from competition.evaluation import wire
from competition.evaluation.key import arrays_fingerprint, checksum
from competition.evaluation.sources import INFERENCE_SOURCES, fingerprint, this_harness
from competition.ranking.inference import Inference
from competition.ranking.order import inferred
from competition.ranking.resampling import Evidence
from competition.repository import replacing

FORMAT = 1
ARRAYS = {"low": "f8", "high": "f8", "first_share": "f8", "rank_low": "i8", "rank_high": "i8"}
CHECKSUM_BYTES = 32


def remembering(file: Path) -> Callable[[Evidence], Inference]:
    """Return a way to infer that remembers the last time.

    Parameters
    ----------
    file : Path
        Where it is kept: the SHA-256 of the rest, and a message of `wire`. A file that is not whole, or of other
        evidence, is replaced; one that cannot be written is left.
    """

    def conclude(evidence: Evidence) -> Inference:
        key = _key(evidence)
        known = _read(file, key, len(evidence.contestants))
        if known is not None:
            return known
        made = inferred(evidence)
        with contextlib.suppress(PodiumError):
            _write(file, key, made)
        return made

    return conclude


def _key(evidence: Evidence) -> str:
    """SHA-256 of everything that decides an inference."""
    contestants, scorer = evidence.contestants, evidence.scorer
    of_contestants = arrays_fingerprint(
        statistics=np.stack([one.statistics for one in contestants]),
        scores=np.array([one.score for one in contestants]),
        seed_deviations=np.array([one.seed_deviation for one in contestants]),
        n_fits=np.array([one.n_fits for one in contestants]),
    )
    content = {
        "format": FORMAT,
        "contestants": of_contestants,
        "metric": scorer.metric.name,
        "n_classes": scorer.n_classes,
        "params": dict(scorer.params),
        "seed": evidence.seed,
        "sources": [this_harness().scoring, fingerprint(INFERENCE_SOURCES)],
        "numpy": np.__version__,
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write(file: Path, key: str, inference: Inference) -> None:
    arrays = {name: getattr(inference, name) for name in ARRAYS}
    there = {name: array for name, array in arrays.items() if array is not None}
    message = wire.encode(there, {"key": key, "reason": inference.reason})
    with replacing(file) as temporary, temporary.open("wb") as opened:
        opened.write(checksum(message))
        opened.writelines(message)


def _read(file: Path, key: str, n_solutions: int) -> Inference | None:
    try:
        content = memoryview(file.read_bytes())
        message = content[CHECKSUM_BYTES:]
        if content[:CHECKSUM_BYTES] != checksum([message]):
            return None
        arrays, meta = wire.decode(message)
    except (OSError, wire.WireError):
        return None
    if meta.get("key") != key or any(not _fits(arrays[name], ARRAYS.get(name), n_solutions) for name in arrays):
        return None
    return Inference(**{name: arrays.get(name) for name in ARRAYS}, reason=str(meta.get("reason", "")))


def _fits(array: NDArray[Any], dtype: str | None, n_solutions: int) -> bool:
    return array.shape == (n_solutions,) and array.dtype == dtype
