"""Versions of what a solution runs with, read from installed metadata without importing any of it.

The lines needed stand before the first blank one of a METADATA file. `importlib.metadata` parses the whole of it as an
e-mail, the description included, which takes several times as long.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

# A requirement may be met by a distribution of another name that installs the same import.
SUBSTITUTES = {"xgboost": ("xgboost-cpu",)}
# What a trial imports itself, whatever its solution asks for.
NEEDED_BY_TRIAL = ("numpy>=2.1", "pandas>=3.0")
# What a library uses without being asked, where it is installed: for the text of tables, for sums, as base classes.
USED_WHERE_INSTALLED = {
    "keras": ("jax", "tensorflow", "torch"),
    "lightgbm": ("scikit-learn",),
    "pandas": ("bottleneck", "numexpr", "pyarrow"),
    "xgboost": ("scikit-learn",),
    "xgboost-cpu": ("scikit-learn",),
}
_PLAIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_MODULE_FILE = re.compile(rb"([^.,]+)\.(?:py|(?:[^,]*\.)?(?:so|pyd)),")


@dataclass(frozen=True)
class Distribution:
    """An installed distribution.

    Parameters
    ----------
    name : str
        As it calls itself.
    version : str
        Of the release.
    requires : tuple of str
        Its ``Requires-Dist`` lines.
    """

    name: str
    version: str
    requires: tuple[str, ...]


def versions(distributions: Iterable[str], modules: Iterable[str] = ()) -> dict[str, str]:
    """Versions, in the running environment, of distributions and of everything that they need in turn.

    Parameters
    ----------
    distributions : iterable of str
        Names of distributions. Those that are not installed are left out, whoever needs them.
    modules : iterable of str
        Imported modules. Where no distribution found so far provides one, those that do are added, with what they
        need; modules of the standard library and modules that nobody has installed are left out.

    Returns
    -------
    dict
        Version by canonical name, sorted. Requirements whose markers do not hold here are not followed, nor are extras
        that nobody asked for, but for those of `USED_WHERE_INSTALLED`.
    """
    search_path = tuple(sys.path)
    places = _places(search_path)
    found = set(_closure(search_path, tuple(distributions)))
    everybody: dict[str, tuple[str, ...]] = {}
    for module in sorted({name.partition(".")[0] for name in modules} - sys.stdlib_module_names):
        # As long as those found have what is asked for, the lists of files of all others need not be read.
        if not everybody and any(module in _modules(places[name]) for name in _likely_first(found, module)):
            continue
        everybody = everybody or _providers(search_path)
        providers = everybody.get(module, ())
        if found.isdisjoint(providers):
            found |= _closure(search_path, providers)
    return {name: _read(places[name]).version for name in sorted(found)}


def installed_version(name: str) -> str | None:
    """Version of a distribution in the running environment, or of one that stands in for it."""
    places = _places(tuple(sys.path))
    found = _installed_as(places, name)
    return None if found is None else _read(places[found]).version


def installed(folder: Path) -> list[Distribution]:
    """Distributions in a folder of packages, sorted by name."""
    return sorted((_read_anew(path) for _, path in _metadata_folders(folder)), key=lambda found: found.name)


@cache
def _read(path: str) -> Distribution:
    return _read_anew(path)


def _read_anew(path: str) -> Distribution:
    """Read a ``.dist-info`` or an ``.egg-info``, which in old installations is a file."""
    try:
        text = Path(path, "METADATA").read_text("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        from importlib.metadata import PathDistribution  # slow to import, and seldom needed

        old = PathDistribution(Path(path))
        return Distribution(old.name, old.version, tuple(old.requires or ()))
    fields: dict[str, list[str]] = {}
    for line in text.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    return Distribution(
        name=fields.get("name", [""])[0],
        version=fields.get("version", [""])[0],
        requires=tuple(fields.get("requires-dist", ())),
    )


# --- where distributions lie ---


@cache
def _places(search_path: tuple[str, ...]) -> dict[str, str]:
    """Metadata folder of each distribution by canonical name; as with imports, the first on the path counts."""
    places: dict[str, str] = {}
    for entry in search_path:
        for name, path in _metadata_folders(Path(entry)):
            places.setdefault(name, path)
    return places


def _metadata_folders(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted(entry.path for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info")))
    except OSError:  # the path may name archives, and folders that are not there
        return
    for path in entries:
        yield canonicalize_name(os.path.basename(path).rpartition(".")[0].partition("-")[0]), path


# --- what needs what ---


@cache
def _closure(search_path: tuple[str, ...], names: tuple[str, ...]) -> frozenset[str]:
    """Canonical names of installed distributions, and of all that they need."""
    places = _places(search_path)
    waiting = [(name, "") for name in names]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted, extra = waiting.pop()
        name = _installed_as(places, wanted)
        if name is not None and (name, extra) not in seen:
            seen.add((name, extra))
            waiting += _needs(places[name], extra)
            waiting += [(other, "") for other in USED_WHERE_INSTALLED.get(name, ())]
    return frozenset(name for name, _ in seen)


def _installed_as(places: dict[str, str], wanted: str) -> str | None:
    name = canonicalize_name(wanted)
    return next((candidate for candidate in (name, *SUBSTITUTES.get(name, ())) if candidate in places), None)


@cache
def _needs(path: str, extra: str) -> tuple[tuple[str, str], ...]:
    """Name and extra of what a distribution needs; with an extra, what that adds."""
    needs: list[tuple[str, str]] = []
    for line in _read(path).requires:
        marker = line.partition(";")[2]
        # Most lines are for extras that nobody asks for; parsing them all would take most of the time.
        if ("extra" in marker and not extra and " or " not in marker) or (extra and "extra" not in marker):
            continue
        plain = _PLAIN.match(line)
        if plain and not marker and "[" not in line:
            needs.append((plain[1], ""))
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            needs += [(requirement.name, wanted) for wanted in ("", *sorted(requirement.extras))]
    return tuple(needs)


# --- who provides a module ---


def _likely_first(names: Iterable[str], module: str) -> list[str]:
    """Order names so that those which resemble the module's are looked into first."""
    wanted = module.lower()
    return sorted(names, key=lambda name: (name.replace("-", "_") != wanted, wanted not in name, name))


@cache
def _providers(search_path: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Names of the distributions that provide each module."""
    providers: dict[str, tuple[str, ...]] = {}
    for name, path in _places(search_path).items():
        for module in _modules(path):
            providers[module] = (*providers.get(module, ()), name)
    return providers


@cache
def _modules(path: str) -> frozenset[str]:
    """Top-level modules in a distribution's list of files: its folders, its ``.py`` files, its extension modules."""
    try:
        listed = Path(path, "RECORD").read_bytes()
    except OSError:  # installed by a system's package manager or in the old way
        try:
            return frozenset(Path(path, "top_level.txt").read_text("utf-8").split())
        except OSError:
            return frozenset()
    # What stands before the first slash; where that has a comma, it is the line of a file that lies in no folder.
    heads = {line.partition(b"/")[0] for line in listed.split(b"\n")}
    files = (_MODULE_FILE.match(head) for head in heads if b"," in head)
    folders = {head for head in heads if b"," not in head}
    return frozenset(name.decode("utf-8", "replace") for name in folders | {file[1] for file in files if file})
