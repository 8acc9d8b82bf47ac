"""What numbers and texts stand for, however the file was read."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from competition.definition import Competition
from competition.results import Predictions

# Whole numbers up to here are exact as floats.
EXACT = 2**53

_DIGITS = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def are_whole(classes: Sequence[Any]) -> bool:
    """Whether all labels are whole numbers that are exact as floats."""
    return bool(classes) and all(type(label) is int and abs(label) < EXACT for label in classes)


def from_numbers(number: NDArray[np.float64], definition: Competition, classes: Sequence[Any]) -> Predictions | None:
    """Make predictions of numbers, None where one is out of place."""
    if definition.submission.kind == "probability":
        # Not so for NaN.
        if not (len(number) and number.min() >= 0 and number.max() <= 1):
            return None
        return Predictions((number >= 0.5).astype(np.int32), np.stack([1 - number, number], axis=1), "probability")
    if not classes:
        return Predictions(number) if np.isfinite(number).all() else None
    # Adding 0 makes one of the two zeros.
    found = pa.compute.index_in(pa.array(number + 0.0), value_set=pa.array(classes, pa.float64()))
    return None if found.null_count else Predictions(found.to_numpy())


def codes(texts: Iterable[str], classes: Sequence[Any], decimal: str) -> list[int]:
    """Code of each label, -1 for what is no label."""
    known = {str(label): code for code, label in enumerate(classes)}
    if are_whole(classes):
        return [known.get(str(integer_of(text, decimal)), -1) for text in texts]
    return [known.get(text, -1) for text in texts]


def integer_of(text: str, decimal: str) -> int | None:
    """Return the whole number that a text stands for, as "7", "07" and "7.0" do; None for anything else."""
    if _DIGITS.fullmatch(text):
        return int(text)
    number = number_of(text, decimal)
    return int(number) if number.is_integer() and abs(number) < EXACT else None


def number_of(text: str, decimal: str) -> float:
    """Return the value of a number in plain notation, NaN for anything else."""
    text = text.replace(decimal, ".")
    return float(text) if _NUMBER.fullmatch(text) else math.nan
