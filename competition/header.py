"""The header of a solution, an inline script metadata block (PEP 723): what it says of itself, and what it needs."""

import platform
import re
import tomllib
import unicodedata
from functools import cache
from typing import Annotated, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from competition.errors import PodiumError, nearest

MAX_HEADER = 4_000
# Letters and symbols by their category, and yet drawn as nothing: fillers, the empty Braille pattern, a null note head.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
_START = re.compile(r"# /// [a-zA-Z0-9-]+")


def _seen(text: str) -> str:
    """Refuse a text that a reader would take for an empty one."""
    if not any(unicodedata.category(character)[0] in "LNPS" and character not in _BLANK for character in text):
        raise PydanticCustomError("no_visible_character", "has no visible character")
    return text


_Seen = AfterValidator(_seen)


class Metadata(BaseModel):
    """``[tool.podium]`` of a solution's header.

    Parameters
    ----------
    columns : tuple of str
        Feature columns that the solution cannot do without; it is borrowed only where they exist.
    threads : int
        Threads that it needs; refused where the competition gives fewer.
    memory_gb : float
        Memory that it needs, in 10⁹ bytes; refused where the competition gives less.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: Annotated[str, Field(min_length=1, max_length=120), _Seen]
    authors: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80), _Seen], ...], Field(min_length=1)]
    tags: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)], ...] = ()
    disclosure: dict[str, bool] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()
    threads: Annotated[int, Field(ge=1)] = 1
    memory_gb: Annotated[float, Field(gt=0)] = 0.1


def read_header(source: str, where: str) -> tuple[Metadata, tuple[Requirement, ...]]:
    """Read the header of a solution's text.

    Parameters
    ----------
    where : str
        The file, as an error names it.

    Raises
    ------
    PodiumError
        In one line: no header or two, no TOML, an unknown key, another Python, a dependency that is not allowed.
    """
    blocks = _blocks(source.replace("\r\n", "\n").split("\n"))
    if len(blocks) != 1:
        found = "no" if not blocks else "more than one"
        raise PodiumError(f"{where}: {found} header (# /// script ... # ///)", "see `podium new solution`")
    text = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in blocks[0])
    # Parsers of TOML and of versions take quadratic time, or end in a RecursionError, on what a stranger may write.
    if len(text) > MAX_HEADER:
        raise PodiumError(f"{where}: the header has {len(text):,} characters; allowed: at most {MAX_HEADER:,}")
    try:
        header = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else _one_line(error)
        raise PodiumError(f"{where}: the header is not valid TOML: {why}") from None
    allowed = ("requires-python", "dependencies", "tool")
    for key in header:
        if key not in allowed:
            raise PodiumError(f"{where}: header: unknown key '{_short(key)}'", nearest(key, allowed))
    _check_python(header.get("requires-python", ""), where)
    return _metadata(header, where), _requirements(header.get("dependencies", []), where)


def _blocks(lines: list[str]) -> list[list[str]]:
    """Contents of the blocks of type ``script``, found as PEP 723 says: a block ends at the last ``# ///`` in a row."""
    blocks = []
    start = 0
    while start < len(lines):
        if not _START.fullmatch(lines[start]):
            start += 1
            continue
        end = start + 1
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        last = next((at for at in range(end - 1, start, -1) if lines[at] == "# ///"), None)
        if last is not None and lines[start] == "# /// script":
            blocks.append(lines[start + 1 : last])
        start = end
    return blocks


def _one_line(error: Exception) -> str:
    return _short(" ".join(str(error).split()))


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _check_python(specifier: Any, where: str) -> None:
    """Refuse a solution that asks for another Python than the one that would run it."""
    running = platform.python_version()
    try:
        is_met = SpecifierSet(specifier).contains(running, prereleases=True)
    except (InvalidSpecifier, TypeError, ValueError, AttributeError):
        found = _short(repr(specifier))
        raise PodiumError(f"{where}: header: requires-python: found {found}; allowed: such as '>=3.11'") from None
    if not is_met:
        raise PodiumError(
            f"{where}: header: requires-python: asks for {_short(str(specifier))}, and this is Python {running}"
        )


def _metadata(header: dict[str, Any], where: str) -> Metadata:
    tool = header.get("tool")
    if not isinstance(tool, dict) or set(tool) != {"podium"} or not isinstance(tool["podium"], dict):
        raise PodiumError(f"{where}: header: needs one table [tool.podium], and no other tool's")
    try:
        return Metadata.model_validate(tool["podium"])
    except ValidationError as error:
        mistake: Any = error.errors()[0]
        key = ".".join(str(part) for part in mistake["loc"])
        if mistake["type"] == "extra_forbidden":
            raise PodiumError(f"{where}: header: unknown key '{key}'", nearest(key, Metadata.model_fields)) from None
        raise PodiumError(f"{where}: header: {key}: {mistake['msg'][:1].lower()}{mistake['msg'][1:]}") from None


def _requirements(dependencies: Any, where: str) -> tuple[Requirement, ...]:
    if not isinstance(dependencies, list):
        raise PodiumError(f"{where}: header: dependencies must be a list")
    parsed = []
    for text in dependencies:
        try:
            requirement = _requirement(text)
        except (InvalidRequirement, TypeError, ValueError, RecursionError):
            raise PodiumError(
                f"{where}: header: '{_short(str(text))}' is no dependency; allowed: names with version specifiers"
            ) from None
        if requirement.url or requirement.extras or requirement.marker:
            raise PodiumError(
                f"{where}: header: '{text}' has a URL, extras or a marker; allowed: names with version specifiers"
            )
        parsed.append(requirement)
    return tuple(parsed)


@cache
def _requirement(text: str) -> Requirement:
    """Parse a dependency; many solutions name the same."""
    return Requirement(text)
