"""Podium: machine-learning competitions that live in a git repository.

From a notebook::

    from competition import load

    c = load("cellular-anomaly")
    c.evaluate(LGBMClassifier())

From a shell: ``podium --help``. Names are imported when first used, so that commands without data frames start fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from competition.api import evaluate, load
    from competition.errors import PodiumError

__version__ = "0.1.0"
__all__ = ["PodiumError", "__version__", "evaluate", "load"]

_HOME = {"load": "competition.api", "evaluate": "competition.api", "PodiumError": "competition.errors"}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
