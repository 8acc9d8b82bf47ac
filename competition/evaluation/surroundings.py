"""What a trial runs in, but for the packages that its solution needs: part of every result and of every cache key."""

import platform
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from competition.evaluation.sandbox.bubblewrap import CHILD_SOURCES, HARNESS
from competition.evaluation.sandbox.levels import Level

SCORING_SOURCES = (
    "competition/dataset.py",
    "competition/evaluation/plan.py",
    "competition/evaluation/scoring.py",
    "competition/evaluation/workers.py",
    "competition/metrics.py",
    "competition/results.py",
    "competition/splits.py",
    "competition/tables.py",
)


@dataclass(frozen=True)
class Surroundings:
    """A machine that runs trials, as far as it decides their outcome.

    Parameters
    ----------
    python : str
        Version.
    platform : str
        Operating system and machine.
    numerics : str
        Linear algebra library and instruction set.
    isolation : {"namespaces", "kernel", "none"}
        How trials are isolated.
    child : str
        Fingerprint of the sources that run beside a stranger's code.
    """

    python: str
    platform: str
    numerics: str
    isolation: Level
    child: str


def surroundings(level: Level) -> Surroundings:
    """Return what a trial of this level runs in on this machine."""
    return Surroundings(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        numerics=_numerics(),
        isolation=level,
        child=sources_fingerprint(CHILD_SOURCES),
    )


def scoring_fingerprint() -> str:
    """Fingerprint of what makes folds and scores: where it is equal, equal predictions have equal scores."""
    return sources_fingerprint(SCORING_SOURCES)


@cache
def sources_fingerprint(names: tuple[str, ...]) -> str:
    """SHA-256 of some of the harness's files, 16 hexadecimal digits."""
    digest = sha256()
    for name in names:
        content = Path(HARNESS, name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


@cache
def _numerics() -> str:
    """Linear algebra library with the processor that it takes this one for, and NumPy's widest instruction set."""
    import numpy as np
    from threadpoolctl import threadpool_info

    config = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    kernels = sorted({pool["architecture"] for pool in threadpool_info() if "architecture" in pool})
    simd = config["SIMD Extensions"]
    widest = (simd.get("found") or simd.get("baseline") or ["none"])[-1]
    return f"{blas['name']} {blas['version']} {' '.join(kernels)}, {widest}, {sys.byteorder}-endian"
