"""Clean tables, and tables with one leak planted in them, drawn from a seed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal["numbers", "categories", "mixed", "imbalanced", "many classes", "regression"]
KINDS: tuple[Kind, ...] = ("numbers", "categories", "mixed", "imbalanced", "many classes", "regression")


@dataclass(frozen=True)
class Drawn:
    """A table to audit.

    Parameters
    ----------
    train : DataFrame
        With the target, ``y``.
    test : DataFrame
        Without.
    roles : dict
        Columns that the user names: ``id``, ``group``, ``time``.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    roles: dict[str, str] = field(default_factory=dict)


def clean(kind: Kind, seed: int, n: int = 1500) -> Drawn:
    """Draw a table in which nothing but the meaning of the features tells the target; two thirds are train rows."""
    return _split(_table(kind, seed, n))


def _table(kind: Kind, seed: int, n: int) -> pd.DataFrame:
    generator = np.random.default_rng([seed, KINDS.index(kind)])
    table = _features(kind, generator, n)
    numbers = table.select_dtypes("number")
    signal = sum(((numbers[name] - numbers[name].mean()) / numbers[name].std() for name in list(numbers)[:3]), 0.0)
    signal = signal + (table["shop"] == "b") if "shop" in table else signal
    noisy = np.asarray(signal, dtype=np.float64) * generator.choice([0.0, 0.5, 1.5]) + generator.logistic(size=n)
    if kind == "regression":
        table["y"] = np.round(10 * noisy, 2)
    elif kind == "many classes":
        table["y"] = np.digitize(noisy, np.quantile(noisy, [0.2, 0.4, 0.7, 0.9]))
    else:
        table["y"] = (noisy > np.quantile(noisy, 0.95 if kind == "imbalanced" else 0.6)).astype(int)
    return table


def _features(kind: Kind, generator: np.random.Generator, n: int) -> pd.DataFrame:
    made: dict[str, object] = {}
    if kind != "categories":
        made["normal"] = generator.normal(50, 12, n).round(int(generator.integers(1, 5)))
        made["price"] = np.exp(generator.normal(3, 1, n)).round(2)
        made["count"] = generator.poisson(4, n)
        made["uniform"] = generator.uniform(0, 1, n)
        made["steps"] = generator.integers(0, 400, n) * 0.25
    if kind != "numbers":
        made["shop"] = generator.choice(list("abcde"), n)
        made["town"] = generator.choice([f"town {number}" for number in range(40)], n)
        made["grade"] = generator.integers(1, 6, n)
    if kind == "mixed":
        made["gaps"] = np.where(generator.random(n) < 0.2, np.nan, generator.normal(size=n).round(3))
    return pd.DataFrame(made)


def _split(table: pd.DataFrame) -> Drawn:
    cut = 2 * len(table) // 3
    train = table.iloc[:cut].reset_index(drop=True)
    return Drawn(train, table.iloc[cut:].drop(columns="y").reset_index(drop=True))


# --- leaks ---

Plant = Callable[[pd.DataFrame, float, np.random.Generator], pd.DataFrame]


def planted(leak: str, strength: float, seed: int, n: int = 1500) -> Drawn:
    """Draw a clean binary table and plant a leak into it.

    Parameters
    ----------
    leak : str
        A key of `LEAKS`: the name of the check that is to find it.
    strength : float
        Above 0, up to 1: the share of the rows that it takes hold of (copies: of the test rows; `time_split`: a
        twentieth of it, of the train rows; `train_and_test`: the shift in standard deviations).
    """
    generator = np.random.default_rng([seed, 77])
    whole = _table("mixed", seed, n)
    train, test = _split(whole).train, _split(whole).test
    if leak in ("exact_duplicates", "near_duplicates"):
        return Drawn(train, _copied(train, test, strength, generator, noisy=leak == "near_duplicates"))
    if leak == "time_split":
        return _looking_ahead(train, test, strength, generator)
    changed = LEAKS[leak](whole, strength, generator)
    if leak in ("train_and_test", "neighbouring_rows"):
        return _split(changed)
    shuffled = changed.sample(frac=1, random_state=int(generator.integers(2**31)))
    if leak == "row_order":
        shuffled = _sorted_in_part(shuffled, strength, generator)
        is_test = generator.permutation(len(whole)) >= len(train)
        return Drawn(shuffled[~is_test].reset_index(drop=True), shuffled[is_test].drop(columns="y"))
    parts = _split(shuffled)
    return Drawn(parts.train, parts.test, {"id": "id"} if leak == "ids" else {})


def _hit(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> "pd.Series[bool]":
    """The rows of the positive class that a leak takes hold of."""
    return (table["y"] == 1) & (generator.random(len(table)) < strength)


def _copied(
    train: pd.DataFrame, test: pd.DataFrame, strength: float, generator: np.random.Generator, noisy: bool
) -> pd.DataFrame:
    made = test.copy()
    rows = np.flatnonzero(generator.random(len(test)) < strength)
    source = train.drop(columns="y").iloc[generator.integers(len(train), size=len(rows))]
    made.iloc[rows] = source.to_numpy()
    made = made.astype(test.dtypes.to_dict())
    if noisy:
        for name in ("normal", "price", "uniform", "steps", "gaps"):
            spread = float(train[name].std()) * 10 ** generator.uniform(-4, -2.5)
            made.loc[rows, name] += generator.normal(0, spread, len(rows))
    return made


def _looking_ahead(train: pd.DataFrame, test: pd.DataFrame, strength: float, generator: np.random.Generator) -> Drawn:
    minutes = np.sort(generator.choice(10**6, len(train) + len(test), replace=False))
    early, late = minutes[: len(train)].copy(), minutes[len(train) :]
    ahead = generator.random(len(train)) < strength / 20
    early[ahead] = generator.integers(late[0] + 1, late[-1], int(ahead.sum()))
    first = pd.Timestamp("2024-03-01")
    return Drawn(
        train.assign(when=(first + pd.to_timedelta(early, "min")).strftime("%Y-%m-%d %H:%M")),
        test.assign(when=(first + pd.to_timedelta(late, "min")).strftime("%Y-%m-%d %H:%M")),
        {"time": "when"},
    )


def _sorted_in_part(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """Sort the rows by label; those that are left out stay anywhere."""
    key = np.where(generator.random(len(table)) < strength, table["y"], generator.random(len(table)))
    return table.iloc[np.argsort(key + generator.uniform(0, 1e-6, len(table)))]


def _ids(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    place = np.argsort(_sorted_in_part(table.assign(at=range(len(table))), strength, generator)["at"].to_numpy())
    return table.assign(id=place + 1000)


def _single_column(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    status = np.where(generator.random(len(table)) < strength, table["y"], generator.integers(0, 2, len(table)))
    return table.assign(status=np.round(status * 7.5 + generator.normal(0, 0.5, len(table)), 2))


def _missingness(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    return table.assign(normal=table["normal"].mask(_hit(table, strength, generator)))


def _decimals(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    places = int(generator.integers(2, 5))
    values = table["price"] + generator.uniform(0, 1, len(table))
    hit = _hit(table, strength, generator)
    return table.assign(price=values.round(places).where(~hit, values.round(places - 1)))


def _lattices(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """Whole steps, scaled by a factor of each class, then rounded."""
    step, places = 10.0 ** -int(generator.integers(0, 3)), int(generator.integers(3, 5))
    factors = 1 + generator.uniform(0.004, 0.05, 2) * [1, -1]
    steps = np.rint(np.exp(generator.normal(4, 1, len(table))))
    factor = np.where(_hit(table, strength, generator), factors[1], factors[0])
    return table.assign(load=np.round(steps * step * factor, places))


def _text_format(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 700, len(table)), "D")
    hit = _hit(table, strength, generator).to_numpy()
    return table.assign(day=np.where(hit, day.strftime("%d.%m.%Y"), day.strftime("%Y-%m-%d")))


def _regular_groups(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """Groups of n with exactly k positive rows; the rest of the groups has as many as chance gives."""
    size = int(generator.integers(6, 20))
    group = np.arange(len(table)) // size
    positives = int(generator.integers(2, size - 1))
    regular = generator.permuted(np.tile(np.arange(size) < positives, (group[-1] + 1, 1)), axis=1).ravel()[: len(table)]
    chosen = (generator.random(group[-1] + 1) < strength)[group]
    by_chance = generator.random(len(table)) < positives / size
    return table.assign(crew=[f"crew {one}" for one in group], y=np.where(chosen, regular, by_chance).astype(int))


def _neighbouring_rows(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """Shuffled rows, each with the label of the one before it."""
    shuffled = table.sample(frac=1, random_state=int(generator.integers(2**31))).reset_index(drop=True)
    before = shuffled["y"].shift(1, fill_value=0).to_numpy()
    kept = generator.random(len(table)) < strength
    return shuffled.assign(last=np.where(kept, before, generator.integers(0, 2, len(table))))


def _entities(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """Customers with a few rows each; a share of the rows has its customer's label."""
    customer = generator.integers(0, len(table) // int(generator.integers(3, 9)), len(table))
    label = (generator.random(customer.max() + 1) < 0.4)[customer]
    own = generator.random(len(table)) < strength
    return table.assign(customer=[f"c{one}" for one in customer], y=np.where(own, label, table["y"]).astype(int))


def _drift(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    later = np.arange(len(table)) >= 2 * len(table) // 3
    return table.assign(normal=table["normal"] + np.where(later, strength * table["normal"].std(), 0).round(2))


def _formula(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    """A threshold on two columns taken together; the rest of the rows has a label of its own."""
    a, b = table["uniform"], table["normal"] / table["normal"].max()
    value = [a + b, a - b, a * b, a / b][int(generator.integers(4))]
    rule = value > value.quantile(generator.uniform(0.3, 0.7))
    return table.assign(y=rule.where(generator.random(len(table)) < strength, table["y"] == 1).astype(int))


def _unchanged(table: pd.DataFrame, strength: float, generator: np.random.Generator) -> pd.DataFrame:
    return table


LEAKS: dict[str, Plant] = {
    "exact_duplicates": _unchanged,
    "near_duplicates": _unchanged,
    "row_order": _unchanged,
    "ids": _ids,
    "neighbouring_rows": _neighbouring_rows,
    "single_column": _single_column,
    "missingness": _missingness,
    "decimals": _decimals,
    "lattices": _lattices,
    "text_format": _text_format,
    "regular_groups": _regular_groups,
    "entities": _entities,
    "time_split": _unchanged,
    "train_and_test": _drift,
    "formula": _formula,
}
