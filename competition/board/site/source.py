"""The code of a solution as a reader sees it: numbered lines, coloured lightly, with nothing hidden in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, String

from competition.solution import MAX_BYTES, source_fingerprint

# What is drawn differently; the rest is plain.
_CLASSES: tuple[tuple[Any, str], ...] = (
    (Comment, "c"),
    (String, "s"),
    (Keyword, "k"),
    (Number, "m"),
    (Name.Function, "f"),
    (Name.Class, "f"),
)
# Beyond these the lexer takes quadratic time: its rules for ``%`` and ``match`` look through a line again and again,
# those for docstrings through white space of many lines, that for ``{name[`` as far as the bracket is open.
MAX_LINE = 1_000  # characters
MAX_OPEN_FIELDS = 20
_LONG_BLANK = re.compile(r"(?<!\s)\s{500}")
_FIELD = re.compile(r"\{\w+[.\[]")
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def read_evaluated(path: Path, fingerprint: str) -> str | None:
    """Return the text of a solution's file; None where it is not there, or not what was evaluated."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    content = path.read_bytes()
    return content.decode("utf-8", "replace") if source_fingerprint(content) == fingerprint else None


def visible(text: str) -> str:
    """Spell out the characters that would hide text or turn its direction, as ⟨U+202E⟩; line ends become LF."""
    uniform = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", uniform.expandtabs(4))


def lines(source: str) -> list[Markup]:
    """Return the lines of a Python file as escaped HTML, tokens in ``span`` elements; none where that takes long."""
    html = [Markup()]
    for name, text in _tokens(visible(source)):
        first, *others = text.split("\n")
        html[-1] += _span(name, first)
        html += [_span(name, part) for part in others]
    return html[:-1] if len(html) > 1 and not html[-1] else html


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Split into runs of one class, as few as there can be."""
    if _is_slow(text):
        yield "", text
        return
    run, words = "", ""
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = next((name for token, name in _CLASSES if kind in token), "")
        if not value.strip():
            name = run
        if name != run:
            yield run, words
            run, words = name, ""
        words += value
    yield run, words


def _is_slow(text: str) -> bool:
    rows = text.split("\n")
    if any(len(row) > MAX_LINE for row in rows) or _LONG_BLANK.search(text):
        return True
    left_open = (row for row in rows if row.rfind("[") > row.rfind("]"))
    return sum(len(_FIELD.findall(row)) for row in left_open) > MAX_OPEN_FIELDS


def _span(name: str, text: str) -> Markup:
    if not name or not text:
        return escape(text)
    return Markup('<span class="{}">{}</span>').format(name, text)
