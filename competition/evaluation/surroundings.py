"""What a trial runs in, but for the packages that its solution needs: part of every result and of every cache key."""

import ctypes
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import product

from competition.errors import PodiumError
from competition.evaluation.sandbox.levels import Level
from competition.evaluation.sources import ROOT, TRIAL_SOURCES, fingerprint
from competition.evaluation.worker import fixed_environment

ANSWER_SECONDS = 60
# Variables that make NumPy compute otherwise, or load another library; a trial has none of them.
_DECIDES_NUMERICS = re.compile(r"(OPENBLAS|GOTO|MKL|BLIS|FLEXIBLAS|NPY|LD|DYLD)_(?!NUM_THREADS$)\w+")


@dataclass(frozen=True)
class Surroundings:
    """A machine that runs trials, as far as it decides their outcome.

    Parameters
    ----------
    python : str
        Version.
    platform : str
        Operating system, machine, and C library, which has the mathematical functions.
    numerics : str
        NumPy's linear algebra library and instruction set, as they are in a trial.
    isolation : {"namespaces", "kernel", "none"}
        How trials are isolated.
    child : str
        Fingerprint of the harness's sources that run, confine and judge a trial.
    """

    python: str
    platform: str
    numerics: str
    isolation: Level
    child: str


def surroundings(level: Level) -> Surroundings:
    """Return what a trial of this level runs in on this machine.

    Raises
    ------
    PodiumError
        If the environment is such that NumPy has to be asked in that of a trial, and it does not answer there.
    """
    return Surroundings(
        python=platform.python_version(),
        platform=" ".join(filter(None, (platform.system(), platform.machine(), *platform.libc_ver()))),
        numerics=_numerics(),
        isolation=level,
        child=fingerprint(TRIAL_SOURCES),
    )


# --- numerics ---


@cache
def _numerics() -> str:
    """Tell NumPy's numerics in a trial: those of this process, unless the user's variables make them others."""
    if any(_DECIDES_NUMERICS.fullmatch(name) for name in os.environ):
        return _numerics_in_environment_of_trials()
    return numerics_here()


def _numerics_in_environment_of_trials() -> str:
    module = __name__
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {module}; print({module}.numerics_here())"
    command = [sys.executable, "-s", "-P", "-c", code, str(ROOT)]
    environment = fixed_environment(threads=1)
    try:
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
        )
    except subprocess.SubprocessError as error:
        told = str(getattr(error, "stderr", "") or error).strip().splitlines()
        hint = "trials get none of the environment's LD_, OPENBLAS_ and NPY_ variables: Python must work without them"
        raise PodiumError(f"NumPy does not answer in the environment of a trial: {told[-1]}", hint) from None
    return answer.stdout.strip()


def numerics_here() -> str:
    """Tell this process's numerics.

    Returns
    -------
    str
        NumPy's linear algebra library with the processor that it takes this one for, NumPy's widest instruction set,
        and the order of bytes.
    """
    import numpy as np

    config = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    simd = config["SIMD Extensions"]
    widest = (simd.get("found") or simd.get("baseline") or ["none"])[-1]
    library = " ".join(filter(None, (blas["name"], blas["version"], _openblas_core())))
    return f"{library}, {widest}, {sys.byteorder}-endian"


def _openblas_core() -> str:
    """Name of the processor that NumPy's OpenBLAS computes for; empty where NumPy has another library.

    It is looked up through NumPy's own extension, since other packages load an OpenBLAS of theirs.
    """
    extension = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    for prefix, suffix in product(("scipy_", ""), ("64_", "_64", "")):
        ask = getattr(extension, f"{prefix}openblas_get_corename{suffix}", None)
        if ask is not None:
            ask.restype = ctypes.c_char_p
            return bytes(ask()).decode()
    return ""
