"""What the commands that fit solutions share: where trials run, what is evaluated, how it is shown."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from competition.cli.common import (
    err,
    features_of,
)
from competition.errors import PodiumError

if TYPE_CHECKING:
    from competition.dataset import Prepared
    from competition.definition import Competition
    from competition.evaluation.cache import TrialCache
    from competition.evaluation.engine import Earlier, Executor
    from competition.evaluation.entries import Entry
    from competition.evaluation.sandbox.levels import Level
    from competition.evaluation.surroundings import Surroundings
    from competition.manifest import Manifest
    from competition.repository import Repository
    from competition.results import Result

WITHOUT_ISOLATION = "solutions can reach the labels and the network; `podium doctor` tells what would hold them"


@dataclass(frozen=True)
class Machine:
    """Where trials will run: known at once, started when there is something to run."""

    surroundings: "Surroundings"
    start: "Callable[[Sequence[Entry]], Executor]"


def machine_of(
    stack: ExitStack, jobs: int | None, isolation: str | None, cluster: str | None
) -> "Callable[[Competition], Machine]":
    """Begin to find where trials will run; what is returned waits until that is known."""
    if cluster is not None and jobs is not None:
        raise PodiumError("--jobs: a cluster has as many as its workers hold; allowed: one of --jobs and --cluster")
    if cluster is not None:
        return lambda definition: _connected(stack, definition, isolation, cluster)
    from competition.evaluation.sandbox.levels import check_name, choose

    check_name(isolation)
    # Levels are found by trying, in processes of their own, while this one reads solutions and results.
    level = stack.enter_context(ThreadPoolExecutor(1)).submit(choose, isolation)
    return lambda definition: _this_machine(stack, definition, jobs, level.result())


def _connected(stack: ExitStack, definition: "Competition", isolation: str | None, address: str) -> Machine:
    from competition.evaluation.cluster import Cluster

    cluster = stack.enter_context(Cluster(address, definition.limits.threads, isolation, warn=_warn))
    _warn_if_not_isolated(cluster.surroundings.isolation)
    return Machine(cluster.surroundings, cluster.for_packages)


def _this_machine(stack: ExitStack, definition: "Competition", jobs: int | None, level: "Level") -> Machine:
    from competition.evaluation.surroundings import surroundings

    threads = definition.limits.threads
    _warn_if_not_isolated(level)

    def start(entries: "Sequence[Entry]") -> "Executor":
        from competition.evaluation.claims import cores
        from competition.evaluation.entries import runtimes
        from competition.evaluation.workers import Pool

        # Workers import libraries while this process reads the data.
        first = next(iter(runtimes(entries).values()))
        most = jobs or max(1, cores() // threads)
        return stack.enter_context(Pool(max(1, min(most, n_trials(definition, entries))), threads, level, first))

    return Machine(surroundings(level), start)


def n_trials(definition: "Competition", entries: "Sequence[Entry]") -> int:
    """Count the trials of an evaluation by the rules alone, before the data are read."""
    from competition.evaluation.plan import trials_of_each

    return trials_of_each(definition) * sum(entry.failure is None for entry in entries)


def _warn_if_not_isolated(level: str) -> None:
    if level == "none":
        _warn(f"not isolated: {WITHOUT_ISOLATION}")
    elif level != "namespaces":
        _warn(f"isolated at level {level}; `podium doctor` tells why not at level namespaces")


def _warn(text: str) -> None:
    err.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


# --- what is evaluated ---


def cache_of(repository: "Repository") -> "TrialCache":
    """Open the cache of trials, and check before any fit that results can be kept."""
    from competition.evaluation.cache import TrialCache
    from competition.repository import make_folder

    make_folder(repository.local)
    return TrialCache(repository.cache)


def manifest_of(repository: "Repository", definition: "Competition") -> "Manifest":
    """Read what is known of the data, which is prepared if need be."""
    from competition.manifest import current_manifest

    manifest = current_manifest(repository, definition)
    if manifest is None:
        from competition.dataset import ensure_prepared

        manifest = ensure_prepared(repository, definition)
    return manifest


def entries_of(
    repository: "Repository", definition: "Competition", manifest: "Manifest", names: list[str]
) -> list["Entry"]:
    """Read the chosen solutions, and install what some of them need for themselves."""
    from competition.evaluation.entries import Entry
    from competition.solution import choose_solutions

    chosen = choose_solutions(repository, definition, features_of(definition, manifest), names)
    entries = []
    for solution in chosen:
        showing = err.status(f"packages of {solution.name}") if solution.unmet else nullcontext()
        with showing:
            entries.append(Entry.of(solution, repository.environments))
    return entries


def evaluated(
    prepared: "Prepared",
    entries: "Sequence[Entry]",
    executor: "Executor",
    earlier: "Earlier",
    doing: str = "evaluating",
) -> "Iterator[Result]":
    """Evaluate entries, show how far it has come, and yield each result."""
    from competition.evaluation.engine import TrialEnded, evaluate
    from competition.evaluation.plan import trials_of_each
    from competition.progress import Estimate, Watch

    names = [entry.program.name for entry in entries]
    estimate = Estimate.of(names, earlier.seconds, trials_of_each(prepared.definition), executor.jobs)
    watch = Watch(err, estimate, len(entries), f"{doing} at level {executor.surroundings.isolation}")
    cache = earlier.cache
    hits = misses = 0
    with watch.showing():
        try:
            for event in evaluate(prepared, entries, executor, earlier):
                if isinstance(event, TrialEnded):
                    hits, misses = hits + event.cached, misses + (not event.cached)
                    watch.trial_ended(event.entry.program.name, event.record, event.cached)
                else:
                    yield event.result
                    watch.solution_ended(event.result, prepared.definition.metric.primary)
        finally:
            if cache is not None:
                cache.record(prepared.definition.slug, hits, misses)
