"""Kaggle's "Anomaly detection in cellular networks" with what gives the labels away taken out, without any label.

In the published file each row's counters carry one of two factors, which tells its label. Every row's factor is read
from the row itself and divided out; what the coarser factor has merged is merged in all rows. Beside that, `Slot` names
the rows of one cell at one time of day, which the split keeps together. The files are read by the published edition's
module, which lies next door.
"""

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from competition import dataset_module

HOME = Path(__file__).resolve().parent
SOURCES = ("../lte-anomaly/dataset.py",)  # what is imported from next door; prepared data is stale when it changes
PUBLISHED = (HOME / SOURCES[0]).resolve()

TRAIN_FILE = "ML-MATT-CompetitionQT1920_train.csv"
# Where the file may lie, from the folder of raw files; the test file has no labels and is not used
RAW_FILES = (TRAIN_FILE, f"../../lte-anomaly/raw/{TRAIN_FILE}")

# Counters that come in steps which are coarse against the three decimals of the file, so that a factor shows
STEPS = {"PRBUsageUL": 0.1, "PRBUsageDL": 0.1, "meanUE_DL": 0.01, "meanUE_UL": 0.01}
THROUGHPUTS = ("meanThr_DL", "meanThr_UL", "maxThr_DL", "maxThr_UL")
FACTORS = (1.0105, 0.995)
DIGIT = 0.001  # the last one that the file writes


def load(raw: Path, seed: int) -> pd.DataFrame:
    """Read the labelled rows and take the factors out of them.

    Parameters
    ----------
    raw : Path
        Folder that holds Kaggle's labelled file. Where it is this competition's own and lacks the file, the published
        edition's folder is looked at too.
    seed : int
        Not used: nothing is drawn.

    Returns
    -------
    pandas.DataFrame
        The columns of the published edition, and `Slot`, such as ``"3ALTE 10:45"``.

    Raises
    ------
    FileNotFoundError
        The file is not there; one line says how to get it.
    PodiumError
        The file is not what Kaggle hands out; one line that names file, line and column.
    ValueError
        A row carries neither factor; one line.
    """
    folder = _folder(raw)
    table = dataset_module.load(_published(), "load", folder, seed, where="data/lte-anomaly/dataset.py")
    slot = table["CellName"] + " " + table["Time"]
    return without_factors(table).assign(Slot=slot)


def download(raw: Path) -> bool:
    """Fetch the files with Kaggle's own client, as the published edition does; False where that is not set up.

    Parameters
    ----------
    raw : Path
        Folder that they go to.

    Raises
    ------
    RuntimeError
        The client failed, or what it brought does not hold the files; one line.
    """
    return bool(_published().download(raw))


def _published() -> ModuleType:
    return dataset_module.import_dataset(PUBLISHED)


def _folder(raw: Path) -> Path:
    candidates = [raw, PUBLISHED.with_name("raw")] if raw.resolve() == HOME / "raw" else [raw]
    for folder in candidates:
        if (folder / TRAIN_FILE).is_file():
            return folder
    raise FileNotFoundError(
        f"{TRAIN_FILE} is not in {' or '.join(map(str, candidates))}: put it there, or into a folder DIR and run "
        "`podium prepare lte-anomaly-fair --raw DIR` (data/lte-anomaly/README.md says where it comes from)"
    )


def without_factors(table: pd.DataFrame) -> pd.DataFrame:
    """Divide out of each row the factor that can be read from it; labels are not looked at.

    Parameters
    ----------
    table : DataFrame
        Rows of the published edition.

    Returns
    -------
    DataFrame
        The same rows: shares of resource blocks in whole steps of 0.1 %, mean users in steps of 0.01, throughputs in
        thousandths, all of them on the values that both factors leave (see `merged`).

    Raises
    ------
    ValueError
        A row's values carry neither factor; the message names its id.
    """
    factor = factors(table)
    steps = {name: np.rint(table[name].to_numpy() / (factor * step)) for name, step in STEPS.items()}
    digits = {name: merged(np.rint(table[name].to_numpy() / (factor * DIGIT))) for name in THROUGHPUTS}
    # Dividing by a power of ten gives the number nearest to the decimal, multiplying by 0.1 does not
    whole = {name: counts / round(1 / STEPS[name]) for name, counts in steps.items()}
    return table.assign(**whole, **{name: counts / round(1 / DIGIT) for name, counts in digits.items()})


def factors(table: pd.DataFrame) -> np.ndarray:
    """Read each row's factor from its own values.

    Returns
    -------
    ndarray of shape (n,)
        One of `FACTORS`; 1 where both fit, which takes a row whose four stepped counters are all (nearly) 0.

    Raises
    ------
    ValueError
        Neither fits; the message names the row's id.
    """
    fits = np.column_stack([_fits(table, factor) for factor in FACTORS])
    if not fits.any(axis=1).all():
        first = table["Id"].to_numpy()[~fits.any(axis=1)][0]
        raise ValueError(f"{TRAIN_FILE}: row {first} carries neither {FACTORS[0]} nor {FACTORS[1]}: not Kaggle's file")
    return np.where(fits.all(axis=1), 1.0, np.where(fits[:, 0], *FACTORS))


def _fits(table: pd.DataFrame, factor: float) -> np.ndarray:
    """Tell the rows whose stepped counters are all multiples of a step times the factor, rounded to the last digit."""
    values = table[list(STEPS)].to_numpy()
    step = factor * np.array(list(STEPS.values()))
    away = np.abs(values - step * np.rint(values / step))
    return np.asarray((away <= DIGIT / 2 + 1e-9).all(axis=1))


def merged(digits: np.ndarray) -> np.ndarray:
    """Round counts of the last digit as the factor below 1 has done, in whatever row they stand.

    A factor above 1 keeps counts apart, one below 1 puts some of them on the same number (0.995 times 100 and
    0.995 times 101 both round to 100). Left alone, a count that one class cannot have would tell the other.

    Parameters
    ----------
    digits : ndarray
        Whole numbers, 0 or more.
    """
    smallest = min(FACTORS)
    # Half goes up, as the file has it; the added bit keeps 99.5 from being a hair less in binary
    return np.rint(np.floor(smallest * digits + 0.5 + 1e-9) / smallest)
