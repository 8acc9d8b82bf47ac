"""The maintainers' data set module, ``data/<slug>/dataset.py``: imported from its path, and asked for its tables.

It has ``load(raw, seed)``, and may have ``load_unlabelled(raw)``, ``download(raw)`` and two tuples of paths as text to
tell when prepared data is stale: ``RAW_FILES``, relative to the folder of the raw files, and ``SOURCES``, relative to
its own folder, with the files whose code it uses, such as another competition's module.
"""

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from competition.errors import PodiumError
from competition.manifest import named_sources

SEED_LIMITS = ("2**32 - 1", "4294967295")  # as NumPy's RandomState says it, and scikit-learn


def import_dataset(path: Path) -> ModuleType:
    """Import the maintainers' code.

    Raises
    ------
    PodiumError
        If there is none, it is no Python, it has no function ``load``, or a file of its ``SOURCES`` is missing.
    """
    if not path.is_file():
        raise PodiumError(f"{path} does not exist", "it has `load(raw, seed)`, which returns the labelled table")
    name = f"_podium_dataset_{path.parent.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PodiumError(f"{path}: syntax error in line {error.lineno}: {error.msg}") from None
    if not callable(getattr(module, "load", None)):
        raise PodiumError(f"{path} has no function `load(raw, seed)`")
    for name in named_sources(path.read_bytes(), path):
        if not (path.parent / name).is_file():
            raise PodiumError(f"{path}: SOURCES: there is no file {name}", f"allowed: paths relative to {path.parent}")
    return module


def load(module: ModuleType, function: str, raw: Path, *args: Any, where: str) -> pd.DataFrame:
    """Call a function of the module that returns a table; where raw files are missing, let it fetch them once.

    Raises
    ------
    PodiumError
        If a file is missing, or the module itself raises a ValueError; one from deeper is a bug.
    """
    call = getattr(module, function)
    try:
        try:
            table = call(raw, *args)
        except FileNotFoundError:
            if not _download(module, raw):
                raise
            table = call(raw, *args)
    except FileNotFoundError as error:
        # `open` says "[Errno 2] ..."; a module that explains itself passes a text.
        raise PodiumError(str(error) if error.filename is None else f"{error.filename} does not exist") from None
    except ValueError as error:
        if any(limit in str(error) for limit in SEED_LIMITS):
            raise PodiumError(
                f"{where}: {function}() hands the seed to what takes 32 bits, and a secret one has 128",
                "numpy.random.default_rng(seed) takes it",
            ) from None
        raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
        if raised_in != module.__file__:
            raise
        raise PodiumError(" ".join(str(error).split())) from None
    if not isinstance(table, pd.DataFrame):
        raise PodiumError(f"{where}: {function}() must return a pandas.DataFrame, not {type(table).__name__}")
    return table.reset_index(drop=True)


def _download(module: ModuleType, raw: Path) -> bool:
    """Let the data set module fetch its raw files, where it can; False where it cannot."""
    if not hasattr(module, "download"):
        return False
    try:
        return bool(module.download(raw))
    except RuntimeError as error:
        raise PodiumError(f"the download failed: {error}") from None
