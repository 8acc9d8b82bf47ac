"""Counters of LTE cells with unusual activity: a synthetic city of ten sites, observed for nine weeks.

Read from the top: a network, its usual demand, events that bend the demand, counters that observe it, and
the table. The columns and units are those of Kaggle's "anomaly-detection-in-cellular-networks", plus a timestamp.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

START = pd.Timestamp("2019-09-30")  # a Monday; local time without daylight saving
WEEKS = 9
STEPS_PER_HOUR = 4  # counters cover a quarter of an hour
STEPS_PER_DAY = 24 * STEPS_PER_HOUR
STEPS = WEEKS * 7 * STEPS_PER_DAY

PUBLISHED_SITES = (1, 3, 4, 5)  # neighbours in the middle of the map, so that an event's footprint shows
PUBLISHED_EVERY = 2  # every second quarter-hour: those that start on the hour and the half hour

MOST_ACTIVE = 4.0  # soft limit of the mean number of users active at once
LOST = 89 / 36_904  # share of rows whose user counters failed, as in the real file
UNUSUAL_FROM = 0.40  # unusual: events change a cell's expected users by a factor of exp(0.4) or more, up or down

Array = npt.NDArray[np.float64]
Counters = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Neighbourhood:
    """How many people are there at each hour of a working day and of a weekend day.

    Attributes
    ----------
    workday, weekend
        Peaks as (hour of the day, width in hours, height relative to the cell's level).
    """

    workday: tuple[tuple[float, float, float], ...]
    weekend: tuple[tuple[float, float, float], ...]


NEIGHBOURHOODS: Mapping[str, Neighbourhood] = {
    "business": Neighbourhood(
        workday=((10.5, 2.2, 1.0), (15.5, 2.4, 0.9), (20.0, 2.5, 0.35)),
        weekend=((13.0, 3.5, 0.45), (20.0, 3.0, 0.35)),
    ),
    "residential": Neighbourhood(
        workday=((8.0, 1.5, 0.45), (14.0, 3.0, 0.45), (20.5, 2.8, 1.0)),
        weekend=((12.5, 3.0, 0.85), (20.0, 3.2, 1.0)),
    ),
    "transit": Neighbourhood(
        workday=((8.2, 1.1, 1.1), (13.5, 3.0, 0.55), (18.3, 1.6, 1.1)),
        weekend=((12.5, 3.2, 0.55), (18.5, 3.0, 0.6)),
    ),
    "stadium": Neighbourhood(
        workday=((12.5, 3.5, 0.7), (19.0, 2.5, 0.75)),
        weekend=((12.5, 3.0, 0.7), (18.5, 3.0, 0.9)),
    ),
}


@dataclass(frozen=True)
class Site:
    """A mast: its place in km, its neighbourhood, and a letter for each sector (U, V, W: a second carrier)."""

    number: int
    x: float
    y: float
    neighbourhood: str
    sectors: str = "ABC"


SITES = (
    Site(1, 0.0, 0.0, "business"),
    Site(2, -1.0, 0.3, "residential", "A"),
    Site(3, 0.9, 0.1, "transit"),
    Site(4, 0.1, 1.0, "residential"),
    Site(5, 1.1, 1.1, "stadium"),
    Site(6, 2.0, 0.4, "business", "ABCUVW"),
    Site(7, 0.5, -0.9, "transit", "ABCUVW"),
    Site(8, -0.6, 1.7, "residential"),
    Site(9, 2.1, 1.7, "residential", "AB"),
    Site(10, 0.8, 2.1, "business"),
)
AZIMUTHS = {"A": 0.0, "B": 120.0, "C": 240.0, "U": 0.0, "V": 120.0, "W": 240.0}  # degrees from north
REACH = 0.3  # km from the mast to the middle of the area that a sector serves


@dataclass(frozen=True)
class Cell:
    """A sector of a site, and the middle of the area that it serves in km."""

    site: Site
    sector: str
    x: float
    y: float

    @property
    def name(self) -> str:
        """Name as Kaggle writes it: number of the site, letter of the sector, technology."""
        return f"{self.site.number}{self.sector}LTE"


@dataclass(frozen=True)
class EventKind:
    """What events of one kind do, where and for how long.

    Attributes
    ----------
    per_week
        Number of events in each week.
    hours, duration
        Ranges of the hour of the day at which it starts and of its length in hours.
    rise, decay
        Time constants of onset and decay, in hours.
    radius
        Distance in km at which the effect has fallen to 1/e.
    strength
        Range of the peak change of a cell's expected users, as a log ratio.
    uplink, rate, efficiency
        Change of uplink traffic, of traffic a user and of bits a resource block, as multiples of that change.
    places
        Sites where it can happen.
    response
        Sign and size of the effect by neighbourhood; 1 where not named.
    moves
        Whether it walks from its first place to a second one.
    """

    per_week: int
    hours: tuple[float, float]
    duration: tuple[float, float]
    rise: float
    decay: float
    radius: float
    strength: tuple[float, float]
    uplink: float
    rate: float
    efficiency: float
    places: tuple[int, ...]
    response: Mapping[str, float] = field(default_factory=dict)
    moves: bool = False


EVENT_KINDS: Mapping[str, EventKind] = {
    "match": EventKind(
        per_week=2, hours=(15.0, 20.0), duration=(2.5, 4.0), rise=0.7, decay=0.6, radius=0.9, strength=(1.1, 1.8),
        uplink=0.4, rate=-0.3, efficiency=-0.1, places=(5,),
    ),
    "demonstration": EventKind(
        per_week=4, hours=(9.0, 18.0), duration=(2.5, 5.0), rise=1.0, decay=0.8, radius=0.7, strength=(1.1, 1.7),
        uplink=0.5, rate=-0.1, efficiency=0.0, places=(1, 3, 4, 5, 7), moves=True,
    ),
    "strike": EventKind(
        per_week=1, hours=(5.5, 9.0), duration=(7.0, 12.0), rise=0.7, decay=1.0, radius=2.5, strength=(0.9, 1.3),
        uplink=0.0, rate=0.25, efficiency=0.0, places=(3,),
        response={"transit": -1.0, "business": -0.6, "residential": 0.5, "stadium": 0.0},
    ),
    # A failed site stops counting, so outages befall unpublished sites: the published ones take over their users.
    "outage": EventKind(
        per_week=5, hours=(0.0, 24.0), duration=(2.0, 9.0), rise=0.1, decay=0.3, radius=1.0, strength=(1.1, 1.8),
        uplink=0.1, rate=-0.2, efficiency=-0.5, places=(2, 6, 7, 8, 9, 10),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One event: start and end in hours since the start, its route over the map in km, its peak effect."""

    kind: EventKind
    start: float
    end: float
    route: tuple[Site, Site]
    strength: float


def load(raw: Path, seed: int) -> pd.DataFrame:
    """Make the labelled table.

    Parameters
    ----------
    raw
        Unused: the data is synthetic.
    seed
        Seed of everything that is drawn.

    Returns
    -------
    pandas.DataFrame
        A row for each published cell and half hour, in order of time.
    """
    cells = build_cells()
    streams = np.random.SeedSequence(seed).spawn(4)
    for_demand, for_events, for_counters, for_ids = (np.random.Generator(np.random.PCG64(s)) for s in streams)
    demand = usual_demand(for_demand, cells)
    change = event_effects(draw_events(for_events), cells)
    counters = observe(for_counters, demand, change)
    counters["Unusual"] = (np.round(change["intensity"], 6) >= UNUSUAL_FROM).astype(np.int64)
    return publish(for_ids, counters, cells)


def build_cells() -> list[Cell]:
    """List every sector of every site with the place that it serves."""

    def centre(site: Site, sector: str) -> Cell:
        angle = np.radians(AZIMUTHS[sector])
        x, y = site.x + REACH * np.sin(angle), site.y + REACH * np.cos(angle)
        return Cell(site, sector, round(float(x), 3), round(float(y), 3))

    return [centre(site, sector) for site in SITES for sector in site.sectors]


def usual_demand(rng: np.random.Generator, cells: list[Cell]) -> Array:
    """Draw the users to expect in each quarter-hour (rows) and cell (columns) where nothing happens."""
    site_of = np.array([SITES.index(cell.site) for cell in cells])
    profile = np.stack([weekly_profile(NEIGHBOURHOODS[site.neighbourhood]) for site in SITES], axis=1)
    site_level = rng.normal(0, 0.15, len(SITES))
    cell_level = np.log(50) + rng.normal(0, 0.75, len(cells))
    city = wander(rng, 1, hours=30, deviation=0.08)
    site = wander(rng, len(SITES), hours=12, deviation=0.17)
    drift = wander(rng, len(cells), hours=24 * 10, deviation=0.10)
    cell = wander(rng, len(cells), hours=1.0, deviation=0.08)
    log_level = (site_level + city + site)[:, site_of] + cell_level + drift + cell
    demand: Array = profile[:, site_of] * np.exp(log_level)
    return demand


def weekly_profile(kind: Neighbourhood) -> Array:
    """Relative demand at each step of the period."""
    hour = np.arange(STEPS_PER_DAY) / STEPS_PER_HOUR

    def day(peaks: tuple[tuple[float, float, float], ...]) -> Array:
        away = [(hour - at + 12) % 24 - 12 for at, _, _ in peaks]
        bells = [high * np.exp(-0.5 * (d / wide) ** 2) for d, (_, wide, high) in zip(away, peaks, strict=True)]
        heights: Array = 0.08 + np.sum(bells, axis=0)  # the constant is the night
        return heights

    week = np.concatenate([day(kind.workday)] * 5 + [day(kind.weekend)] * 2)
    return np.tile(week, WEEKS)


def wander(rng: np.random.Generator, columns: int, hours: float, deviation: float) -> Array:
    """Stationary first-order autoregressive series, one a column, that forget with a time constant in hours."""
    keep = np.exp(-1 / (hours * STEPS_PER_HOUR))
    shocks = rng.normal(0, deviation * np.sqrt(1 - keep**2), (STEPS, columns))
    shocks[0] = rng.normal(0, deviation, columns)
    for step in range(1, STEPS):
        shocks[step] += keep * shocks[step - 1]
    return shocks


def draw_events(rng: np.random.Generator) -> list[Event]:
    """Draw each week's events on different days, so that each part of the period gets its share."""
    sites = {site.number: site for site in SITES}
    events = []
    for kind in EVENT_KINDS.values():
        for week in range(WEEKS):
            for day in rng.permutation(7)[: kind.per_week]:
                start = 24 * (7 * week + day) + rng.uniform(*kind.hours)
                first, second = rng.choice(kind.places), rng.choice(kind.places)
                route = (sites[first], sites[second if kind.moves else first])
                end = start + rng.uniform(*kind.duration)
                events.append(Event(kind, start, end, route, rng.uniform(*kind.strength)))
    return events


def event_effects(events: list[Event], cells: list[Cell]) -> Counters:
    """Sum of all events: changes as log ratios, and the intensity that the label rests on."""
    x, y = np.array([cell.x for cell in cells]), np.array([cell.y for cell in cells])
    total = {name: np.zeros((STEPS, len(cells))) for name in ("users", "uplink", "rate", "efficiency", "intensity")}
    for event in events:
        kind = event.kind
        begin, end = event.start, event.end + 6 * kind.decay
        window = slice(int(begin * STEPS_PER_HOUR), int(min(end * STEPS_PER_HOUR, STEPS)))
        hour = np.arange(window.start, window.stop)[:, None] / STEPS_PER_HOUR
        response = np.array([kind.response.get(cell.site.neighbourhood, 1.0) for cell in cells])
        change = event_size(event, hour, x, y) * response
        intensity = np.abs(change)
        total["users"][window] += change
        total["intensity"][window] += intensity
        for name in ("uplink", "rate", "efficiency"):
            total[name][window] += getattr(kind, name) * intensity
    return total


def event_size(event: Event, hour: Array, x: Array, y: Array) -> Array:
    """Strength of an event by hours since the start (rows) and place in km (columns): onset, footprint, decay."""
    kind, (a, b) = event.kind, event.route
    walked = np.clip((hour - event.start) / (event.end - event.start), 0, 1)
    squared = (a.x + walked * (b.x - a.x) - x) ** 2 + (a.y + walked * (b.y - a.y) - y) ** 2
    onset = 1 - np.exp(-np.clip(hour - event.start, 0, None) / kind.rise)
    decay = np.exp(-np.clip(hour - event.end, 0, None) / kind.decay)
    return event.strength * onset * decay * np.exp(-squared / kind.radius**2)


def observe(rng: np.random.Generator, demand: Array, change: Counters) -> Counters:
    """Counters of each quarter-hour: users are counted, their traffic follows, resource blocks carry it."""

    def scatter(deviation: float) -> Array:
        return np.exp(rng.normal(0, deviation, demand.shape))

    users = rng.poisson(np.round(demand * np.exp(change["users"]), 3))  # rounded: a count must not hang on a last bit
    traffic, link = users * np.exp(change["rate"]), scatter(0.15) * np.exp(change["efficiency"])
    active_dl = saturate(0.006 * users * scatter(0.20), MOST_ACTIVE)
    active_ul = saturate(0.004 * users * scatter(0.20) * np.exp(0.5 * change["uplink"]), MOST_ACTIVE)
    offered_dl = 0.012 * traffic * scatter(0.65)  # Mbit/s
    offered_ul = 0.0014 * traffic * scatter(0.50) * np.exp(change["uplink"])
    needed_dl = 0.4 + 3.0 * offered_dl / link  # %; 0.4 for signalling
    needed_ul = 0.1 + 130 * offered_ul / link * scatter(0.30)
    used_dl, used_ul = saturate(needed_dl, 80), saturate(needed_ul, 50)
    mean_dl, mean_ul = offered_dl * used_dl / needed_dl, offered_ul * used_ul / needed_ul
    upload = np.where(rng.random(demand.shape) < 0.03, 60, 1)  # now and then somebody sends a video
    max_dl = saturate(mean_dl * (1 + 42 * scatter(0.55)), 60 * scatter(0.25))
    max_ul = saturate(mean_ul * (1 + 17 * scatter(0.80) * upload), 50)
    most_dl, most_ul = busiest_moment(rng, active_dl), busiest_moment(rng, active_ul)
    lost = rng.random(demand.shape) < LOST
    return {
        "PRBUsageUL": sampled(used_ul, 0.1),
        "PRBUsageDL": sampled(used_dl, 0.1),
        "meanThr_DL": np.round(mean_dl, 3),
        "meanThr_UL": np.round(mean_ul, 3),
        "maxThr_DL": np.round(max_dl, 3),
        "maxThr_UL": np.round(max_ul, 3),
        "meanUE_DL": np.where(lost, 0, sampled(mean_while_active(active_dl), 0.01)),
        "meanUE_UL": np.where(lost, 0, sampled(mean_while_active(active_ul), 0.01)),
        "maxUE_DL": np.where(lost, np.nan, most_dl),
        "maxUE_UL": np.where(lost, np.nan, most_ul),
        "maxUE_UL+DL": np.where(lost, np.nan, most_dl + most_ul),
    }


def saturate(amount: Array, limit: float | Array) -> Array:
    """Soft limit: proportional while small, never above the limit."""
    return limit * (1 - np.exp(-amount / limit))


def mean_while_active(load: Array) -> Array:
    """Mean of a Poisson number of active users over the moments with at least one."""
    return np.where(load > 0, load / -np.expm1(-np.maximum(load, 1e-9)), 0)


def busiest_moment(rng: np.random.Generator, load: Array) -> Array:
    """Most users active at once: the largest of many Poisson draws, by inverting P(max <= k) = P(one <= k) ** many.

    A quarter-hour's busiest minutes carry twice its mean load; they hold 1,800 independent looks of half a second.
    """
    uniform, busy = rng.random(load.shape), 2 * load
    term = np.exp(-busy)
    below, most = term.copy(), np.zeros(load.shape)
    for k in range(1, 40):
        most += uniform > np.round(below**1800, 9)
        term *= busy / k
        below = np.minimum(below + term, 1.0)
    return most


def sampled(amount: Array, step: float) -> Array:
    """Put a mean on the lattice of the real counters: whole steps, times 100 / 99."""
    return np.round(np.round(np.round(amount, 6) / step * 0.99) * step / 0.99, 3)


def publish(rng: np.random.Generator, counters: Counters, cells: list[Cell]) -> pd.DataFrame:
    """Thin to the published cells and half hours, each cell's series whole, and give rows random ids."""
    shown = [i for i, cell in enumerate(cells) if cell.site.number in PUBLISHED_SITES]
    start = pd.date_range(START, periods=STEPS // PUBLISHED_EVERY, freq="30min", unit="ns")
    clock = [f"{t.hour}:{t.minute:02d}" for t in start]
    table = pd.DataFrame(
        {
            "timestamp": np.repeat(start, len(shown)),
            "Time": np.repeat(clock, len(shown)),
            "CellName": np.tile([cells[i].name for i in shown], len(start)),
        }
    )
    for name, values in counters.items():
        table[name] = values[::PUBLISHED_EVERY, shown].ravel()
    table.insert(0, "id", rng.permutation(len(table)))
    return table
