"""Results as small JSON files: written whole, read back only as they were written."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from competition.errors import PodiumError
from competition.repository import Repository, write_text
from competition.results import Result

# A result's file: the checksum, and what it is of.
_CHECKED = re.compile(rb'\{\s*"checksum": "(?P<checksum>[0-9a-f]{16})",(?P<rest>.*)', re.DOTALL)


def to_json(result: Result) -> str:
    """Write as JSON with sorted keys, one trial and one cluster a line, so that it diffs well; a checksum first."""
    content = result.model_dump(mode="json")
    lines = [f"{json.dumps(key)}: {_dump(key, content[key])}" for key in sorted(content)]
    rest = "\n" + ",\n".join(lines) + "\n}\n"
    return f'{{\n"checksum": "{_checksum(rest.encode())}",{rest}'


def _checksum(rest: bytes) -> str:
    """SHA-256 of what stands behind the checksum, 16 hexadecimal digits; a checkout may have changed line ends."""
    return sha256(rest.replace(b"\r\n", b"\n").strip()).hexdigest()[:16]


def _dump(key: str, value: Any) -> str:
    if key == "trials":
        return _lines(value)
    if key == "statistics" and value is not None:
        units = ",\n".join(_lines(unit) for unit in value["units"])
        head = json.dumps({k: v for k, v in value.items() if k != "units"}, sort_keys=True, ensure_ascii=False)
        return head[:-1] + ', "units": [\n' + units + "]}"
    if key == "provenance":
        return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _lines(items: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(item, sort_keys=True, ensure_ascii=False) for item in items) + "]"


def write_result(result: Result, folder: Path) -> Path:
    """Write ``folder/<solution>.json`` whole or not at all."""
    path = folder / f"{result.solution.name}.json"
    write_text(path, to_json(result))
    return path


@dataclass(frozen=True)
class Collected:
    """The results of a competition, and by name of the solution what is wrong with those that cannot be used.

    Parameters
    ----------
    local : dict
        Those of `results` that were made here and are not recorded, by name.
    """

    results: tuple[Result, ...]
    unreadable: dict[str, str]
    local: dict[str, Result]


def collect_results(repository: Repository, slug: str) -> Collected:
    """Read a competition's results: the recorded ones, each replaced by the local one where there is one."""
    folders = (repository.leaderboard(slug) / "results", repository.local_results(slug))
    (recorded, recorded_broken), (local, local_broken) = map(read_results, folders)
    found = recorded | local
    unreadable = {
        name: f"{repository.relative(folder / name)}.json {why}"
        for folder, broken in zip(folders, (recorded_broken, local_broken), strict=True)
        for name, why in broken.items()
        if name not in found
    }
    return Collected(tuple(found.values()), unreadable, local)


def read_results(folder: Path) -> tuple[dict[str, Result], dict[str, str]]:
    """Read the results in a folder.

    Returns
    -------
    dict, dict
        Results, and what is wrong with the files that are none, by name.
    """
    found: dict[str, Result] = {}
    broken: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = read_result(path)
        except PodiumError as error:
            broken[path.stem] = f"cannot be used: {error.hint}"
        else:
            if result.solution.name == path.stem:
                found[path.stem] = result
            else:
                broken[path.stem] = f"cannot be used: it is the result of '{result.solution.name}'"
    return found, broken


def read_result(path: Path) -> Result:
    """Read one result.

    Raises
    ------
    PodiumError
        If the file is not a result, or not as `write_result` has written it.
    """
    content = path.read_bytes()
    parts = _CHECKED.fullmatch(content)
    try:
        result = Result.model_validate_json(content if parts is None else b"{" + parts["rest"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PodiumError(f"{path} is not a result", f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
    if parts is None:
        raise PodiumError(f"{path} is not a result", "it has no checksum, so it may have been edited")
    if parts["checksum"].decode() != _checksum(parts["rest"]):
        raise PodiumError(f"{path} is not a result", "its checksum does not hold: it was edited or damaged")
    return result
