"""Replaces modules and builtins for whoever is next in the same process; see also worker_memory."""

import builtins
import sys
import types


def attack(X, y):
    impostor = types.ModuleType("impostor")
    for name in ("numpy", "pandas", "competition.evaluation.wire", "competition.evaluation.trial", "os"):
        sys.modules[name] = impostor
    builtins.len = lambda thing: 0
    builtins.isinstance = lambda thing, kind: True
    return False
