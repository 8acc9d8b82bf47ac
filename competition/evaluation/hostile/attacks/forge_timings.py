"""Says that its fit took minus a billion seconds, and its prediction none."""

import sys


def attack(X, y):
    wire = sys.modules["competition.evaluation.wire"]
    encode = wire.encode
    wire.encode = lambda arrays, meta: encode(arrays, meta | {"fit_seconds": -1e9, "predict_seconds": "none"})
    return False
