"""How far an evaluation has come, and what is left of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from competition.results import Result, TrialRecord

UNKNOWN_SECONDS = 3.0
SILENT_SECONDS = 30.0


def expected_seconds(earlier: Iterable[Result]) -> dict[str, float]:
    """Wall seconds of a trial of each solution, by name, from earlier results."""
    return {result.solution.name: fmean(trial.wall_seconds for trial in result.trials) for result in earlier}


@dataclass
class Estimate:
    """What is left of a run: the expected seconds of its open trials, at the pace held so far.

    Parameters
    ----------
    expected : mapping
        Seconds of a trial, by solution.
    trials : int
        Trials of each solution.
    jobs : int
        Trials at a time.
    """

    expected: Mapping[str, float]
    trials: int
    jobs: int
    done: dict[str, list[float]] = field(default_factory=dict)
    cached: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, names: Sequence[str], known: Mapping[str, float], trials: int, jobs: int) -> "Estimate":
        """Expect of a solution that nothing is known of what the others take in the middle."""
        typical = median([known[name] for name in names if name in known] or [UNKNOWN_SECONDS])
        return cls({name: known.get(name, typical) for name in names}, trials, jobs)

    def add(self, name: str, record: TrialRecord, cached: bool) -> None:
        """Count a trial that has ended; one from the cache tells nothing of today's pace."""
        if cached:
            self.cached[name] += 1
        else:
            self.done.setdefault(name, []).append(record.wall_seconds)

    @property
    def left(self) -> float:
        """Seconds until all trials have ended."""
        seen = sum(sum(times) for times in self.done.values())
        promised = sum(self.expected[name] * len(times) for name, times in self.done.items())
        pace = seen / promised if promised else 1.0
        seconds = 0.0
        for name, expected in self.expected.items():
            times = self.done.get(name, [])
            # A solution's own trials of this run tell more than anything else.
            open_trials = self.trials - len(times) - self.cached[name]
            seconds += open_trials * (fmean(times) if times else expected * pace)
        return seconds / self.jobs


class Watch:
    """Show a run: a bar on a terminal; elsewhere a line at its beginning, and at times. Everywhere one a solution.

    Parameters
    ----------
    console : Console
        Where it is shown.
    estimate : Estimate
        What is left of it.
    n_solutions : int
        Number of solutions.
    doing : str
        What it does, for the first line.
    """

    def __init__(self, console: Console, estimate: Estimate, n_solutions: int, doing: str = "evaluating") -> None:
        self._console = console
        self._estimate = estimate
        self._n_solutions = n_solutions
        self._doing = doing
        self._ended = 0
        self._n_trials = n_solutions * estimate.trials
        self._trials_ended = 0
        self._last_line = monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("evaluating", total=self._n_trials, left="")

    @contextmanager
    def showing(self) -> Iterator["Watch"]:
        """Show that it has begun, and the bar while it goes on."""
        if self._console.is_terminal:
            with self._bar:
                yield self
        else:
            self._print_beginning()
            yield self

    def trial_ended(self, name: str, record: TrialRecord, cached: bool = False) -> None:
        """Move the bar; where there is none, tell how far it has come when nothing was told for a while."""
        self._estimate.add(name, record, cached)
        self._trials_ended += 1
        self._bar.update(self._task, advance=1, description=name, left=self._left())
        if not self._console.is_terminal and monotonic() - self._last_line >= SILENT_SECONDS:
            self._print(f"{self._trials_ended:,} of {_count(self._n_trials, 'trial')}, {self._left()}")

    def solution_ended(self, result: Result, metric: str) -> None:
        """Print a line."""
        self._ended += 1
        spent = sum(trial.wall_seconds for trial in result.trials)
        said = f"{metric} {result.score:.4f}" if result.score is not None else _why_missing(result)
        known = self._estimate.cached[result.solution.name]
        kept = "" if not known else ", kept" if known == len(result.trials) else f", {known} trials kept"
        count = f"{self._ended:>{len(str(self._n_solutions))}}/{self._n_solutions}"
        left = "" if self._console.is_terminal else f", {self._left()}"
        line = f"{count} {result.solution.name:<32} {said} ({spent:.1f} s{kept}{left})"
        self._print(line, "red" if result.failures else None)

    def _print_beginning(self) -> None:
        solutions = _count(self._n_solutions, "solution")
        trials = _count(self._n_trials, "trial")
        self._print(f"{self._doing}: {solutions}, {trials}, {self._estimate.jobs} at a time")

    def _print(self, line: str, style: str | None = None) -> None:
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
        self._last_line = monotonic()

    def _left(self) -> str:
        seconds = round(self._estimate.left)
        return f"about {seconds // 60} min {seconds % 60:02} s left" if seconds >= 60 else f"about {seconds} s left"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _why_missing(result: Result) -> str:
    failures = [trial.failure for trial in result.failures if trial.failure]
    return f"failed: {failures[0].type}" if failures else "no score: the metric is undefined"
