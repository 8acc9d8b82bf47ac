"""The text of an attack as a trial gets it: the attack, what makes a solution of it, and the decoys filled in."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Role = Literal["single", "sender", "receiver"]
_PLACE = re.compile(r'(b?)"__([A-Z0-9]+(?:_[A-Z0-9]+)*)__"')


def program(source: str, role: Role, values: Mapping[str, Any]) -> bytes:
    """Return a solution's text.

    Parameters
    ----------
    source : str
        Name of a file in `attacks`; one that searches memory has `roles/memory.py` put before it.
    role : {"single", "sender", "receiver"}
        What follows the attack, unless its file makes an estimator itself.
    values : mapping
        What stands for ``"__NAME__"``, by name.
    """
    text = _text("attacks", source)
    if "roles/memory.py" in text:
        text = _text("roles", "memory") + "\n\n" + text
    if "def make_estimator(" not in text:
        text += "\n\n" + _text("roles", role)
    return _PLACE.sub(lambda place: _literal(values[place[2]], bool(place[1])), text).encode()


def describe(source: str) -> str:
    """First line of an attack's docstring: what it tries."""
    return _text("attacks", source).split('"""')[1].splitlines()[0]


def _literal(value: Any, as_bytes: bool) -> str:
    return repr(str(value).encode() if as_bytes else value)


@cache
def _text(folder: str, name: str) -> str:
    return (files("competition.evaluation.hostile") / folder / f"{name}.py").read_text("utf-8")
