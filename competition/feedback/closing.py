"""The end of a sealed competition: final scores of what was handed in, and how much the order moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from competition.errors import PodiumError
from competition.feedback.desk import Desk, closed_in
from competition.feedback.ledger import Ledger, Look, opened
from competition.feedback.published import Closed, Final, closed_file, to_json
from competition.repository import write_text


def close(desk: Desk, now: datetime | None = None) -> Closed:
    """Score what was handed in on the private rows, write it into the repository, and take in no more.

    Of each solution what was handed in last counts, of the submissions of the same authors the one with their best
    public score, or where the rules give no feedback the last one.

    Parameters
    ----------
    now : datetime, optional
        With a time zone; the present if not given.

    Raises
    ------
    PodiumError
        If nothing was handed in.
    """
    slug = desk.definition.slug
    with opened(desk.vault) as books:
        closed = closed_in(desk.repository, desk.vault)
        if closed is None:
            ledger = books.read(desk.key)
            if not ledger.looks:
                raise PodiumError(f"nothing was handed in to '{slug}', so that there is nothing to close")
            scored = [
                _Scored(look, desk.answers.final_scores(books.get(look.predictions)), _looks(look, ledger))
                for look in _last_of_each(ledger.looks)
            ]
            closed = _closed(desk, scored, now or datetime.now(UTC))
            desk.vault.write(desk.vault.closed, to_json(closed).encode())
            desk.publish(ledger)
        write_text(closed_file(desk.repository, slug), to_json(closed))
    return closed


@dataclass(frozen=True)
class _Scored:
    """What counts in the end, its scores by ``metric/half``, and the looks of its authors."""

    look: Look
    scores: dict[str, float | None]
    looks: int


def _last_of_each(looks: Iterable[Look]) -> list[Look]:
    """What counts of each solution, and of each author's submissions."""
    chosen: dict[tuple[object, ...], Look] = {}
    for look in looks:
        line = (look.kind, look.name if look.kind == "solution" else look.accounts)
        before = chosen.get(line)
        if look.kind == "solution" or before is None or look.release is not None or before.release is None:
            chosen[line] = look
    return list(chosen.values())


def _looks(look: Look, ledger: Ledger) -> int:
    return max(len(ledger.counted(account)) for account in look.accounts)


def _closed(desk: Desk, scored: Sequence[_Scored], now: datetime) -> Closed:
    metric, greater = desk.definition.metric.primary, desk.definition.primary.greater_is_better
    public, private = ([one.scores[f"{metric}/{half}"] for one in scored] for half in ("public", "private"))
    public_ranks, private_ranks = (ranks(scores, greater_is_better=greater) for scores in (public, private))
    finals = [
        Final(
            name=one.look.name,
            kind=one.look.kind,
            authors=one.look.authors,
            looks=one.looks,
            predictions=one.look.predictions,
            release=one.look.release,
            scores=one.scores,
            public_rank=public_ranks[place],
            private_rank=private_ranks[place],
        )
        for place, one in enumerate(scored)
    ]
    finals.sort(key=lambda final: (final.private_rank or len(finals) + 1, final.title))
    return Closed(
        competition=desk.definition.slug,
        metric=metric,
        closed=now.astimezone(UTC).replace(microsecond=0),
        kendall_tau=_kendall_tau(public, private),
        finals=tuple(finals),
    )


def ranks(scores: Sequence[float | None], *, greater_is_better: bool) -> list[int | None]:
    """Rank scores, 1 is best; equal scores share a rank, a missing one has none."""
    sign = -1.0 if greater_is_better else 1.0
    in_order = sorted(sign * score for score in scores if score is not None)
    return [None if score is None else in_order.index(sign * score) + 1 for score in scores]


def _kendall_tau(public: Sequence[float | None], private: Sequence[float | None]) -> float | None:
    """Kendall's tau-b (1945) of two orders, over what has both scores; None where it is undefined."""
    from scipy.stats import kendalltau

    pairs = [(one, other) for one, other in zip(public, private, strict=True) if one is not None and other is not None]
    if len(pairs) < 2:
        return None
    tau = float(kendalltau(*zip(*pairs, strict=True)).statistic)
    return round(tau, 6) if tau == tau else None
