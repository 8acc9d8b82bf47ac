"""The one exception that a user sees; everything else is a bug and keeps its traceback."""

from collections.abc import Iterable
from difflib import get_close_matches

from competition.text import clean


class PodiumError(Exception):
    """A user's mistake, told in one line.

    Parameters
    ----------
    message : str
        What is wrong and where.
    hint : str, optional
        What is allowed, or the command that helps.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        # Part of it may be an entrant's, and it ends on a terminal.
        self.message = clean(message)
        self.hint = clean(hint)

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


def nearest(name: str, allowed: Iterable[str], *, shown: int = 8) -> str:
    """Say which allowed names come nearest to a misspelt one.

    Returns
    -------
    str
        ``did you mean 'a' or 'b'?``, or where nothing is near ``allowed: ...``.
    """
    names = sorted(allowed)
    matches = get_close_matches(name, names, n=2, cutoff=0.6)
    if matches:
        return "did you mean " + " or ".join(f"'{match}'" for match in matches) + "?"
    if not names:
        return "there are none"
    more = ", ..." if len(names) > shown else ""
    return "allowed: " + ", ".join(names[:shown]) + more
