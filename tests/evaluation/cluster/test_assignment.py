"""Which trial goes where next: simulated runs on workers some of which fail some trials."""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from competition.evaluation.cluster.assignment import Member, Trial, choose, free

NAMES = "abc"


def members(jobs: dict[str, int]) -> dict[str, Member]:
    return {name: Member(name, count, None, []) for name, count in jobs.items()}  # type: ignore[arg-type]


def trial(key: int) -> Trial:
    return Trial(key, None)  # type: ignore[arg-type]


def test_workers_with_the_largest_share_of_free_slots_come_first() -> None:
    here = members({"a": 4, "b": 2, "c": 1})
    under_way = [trial(0), trial(1), trial(2)]
    for one, name in zip(under_way, "aac", strict=True):
        one.member = here[name]
    assert [member.address for member in free(here, under_way)] == ["b", "a"]


def test_no_trial_is_taken_that_cannot_begin() -> None:
    here = members({"a": 1})
    busy = trial(0)
    busy.member = here["a"]
    untried = iter([trial(1)])
    assert choose(deque(), untried, here, [busy]) is None
    assert choose(deque(), untried, {}, []) is None
    assert next(untried).key == 1


def test_while_a_failed_trial_waits_for_another_worker_others_begin() -> None:
    here = members({"a": 1, "b": 1})
    busy, failed, new = trial(0), trial(1), trial(2)
    busy.member = here["b"]
    failed.failed_on.add("a")
    again = deque([failed])
    assert choose(again, iter([new]), here, [busy]) == (new, here["a"])
    assert choose(again, iter([]), here, [busy]) is None
    assert choose(again, iter([new]), here, []) == (failed, here["b"])
    assert not again


@dataclass
class Run:
    """A run in which one of those under way ends at a time, and some pairs of trial and worker always fail."""

    jobs: dict[str, int]
    fails: set[tuple[int, str]]
    ended: list[int] = field(default_factory=list)

    def go(self, n_trials: int, draw: "st.DataObject") -> None:
        here = members(self.jobs)
        again: deque[Trial] = deque()
        untried = map(trial, range(n_trials))
        under_way: list[Trial] = []
        while True:
            if chosen := choose(again, untried, here, under_way):
                one, member = chosen
                assert member.address not in one.failed_on or here.keys() <= one.failed_on
                assert sum(other.member is member for other in under_way) < member.jobs
                one.member, one.tries = member, one.tries + 1
                under_way.append(one)
            elif under_way:
                one = under_way.pop(draw.draw(st.integers(0, len(under_way) - 1)))
                assert one.member is not None
                if (one.key, one.member.address) in self.fails and one.tries < 3:
                    one.failed_on.add(one.member.address)
                    again.append(one)
                else:
                    self.ended.append(one.key)
            else:
                return


@given(
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), min_size=1),
    st.sets(st.tuples(st.integers(0, 7), st.sampled_from(NAMES))),
    st.data(),
)
def test_every_trial_ends_once_and_none_returns_to_where_it_failed_while_there_is_another_place(
    jobs: dict[str, int], fails: set[tuple[int, str]], draw: "st.DataObject"
) -> None:
    run = Run(jobs, fails)
    run.go(8, draw)
    assert sorted(run.ended) == list(range(8))
