"""Text that strangers wrote, made fit to be shown."""

import re

# Everything that moves a cursor or hides text: C0 and C1 controls, marks of direction, invisible characters, tags.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Drop control characters from a text that an entrant wrote, and fold its white space."""
    return " ".join(_CONTROL.sub("", text).split())
