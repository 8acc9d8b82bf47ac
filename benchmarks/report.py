"""What a measurement came to, and how it is printed."""

import os
import platform
import statistics
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

WIDTH = 110


class MeasurementError(Exception):
    """A side did not do what was to be measured."""


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Parameters
    ----------
    spread : tuple of float, optional
        Smallest and largest of the repeated measurements.
    limit : float, optional
        What the value must not exceed; None where it is told for comparison.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    spread: tuple[float, float] | None = None

    @classmethod
    def median(cls, name: str, values: Sequence[float], unit: str, limit: float | None = None) -> Self:
        """Make a figure of repeated measurements."""
        return cls(name, statistics.median(values), unit, limit, (min(values), max(values)))

    @property
    def holds(self) -> bool | None:
        """Whether the value is within its limit."""
        return None if self.limit is None else self.value <= self.limit


@dataclass(frozen=True)
class Part:
    """The figures of one measurement, with what exactly was counted."""

    title: str
    counted: str
    figures: tuple[Figure, ...]


def machine() -> dict[str, str]:
    """Facts without which no figure means anything."""
    from competition.evaluation.sandbox.levels import LEVELS, probe

    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "isolation": ", ".join(level for level in LEVELS if probe(level).holds),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    """Name of the processor, where the kernel tells it (x86)."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())


def as_text(part: Part) -> str:
    """Lay a part out as a plain table."""
    rows = [("", "measured", "range", "limit", "holds"), *map(_cells, part.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(_padded(cell, width, at == 0) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    told = textwrap.fill(part.counted, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([part.title, told, *(f"  {line.rstrip()}" for line in lines)])


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = "" if figure.spread is None else "–".join(map(_number, figure.spread))
    limit = "" if figure.limit is None else f"{_number(figure.limit)}"
    holds = {None: "", True: "yes", False: "NO"}[figure.holds]
    return figure.name, f"{_number(figure.value)} {figure.unit}".rstrip(), spread, limit, holds


def _padded(cell: str, width: int, left: bool) -> str:
    return cell.ljust(width) if left else cell.rjust(width)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(facts: dict[str, str], parts: Sequence[Part]) -> dict[str, Any]:
    """Return everything for a program."""
    listed = [asdict(part) for part in parts]
    for part, given in zip(parts, listed, strict=True):
        for figure, of in zip(part.figures, given["figures"], strict=True):
            of["holds"] = figure.holds
    return {"machine": facts, "parts": listed}
