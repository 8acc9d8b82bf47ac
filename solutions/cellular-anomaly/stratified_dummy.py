# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn"]
# [tool.podium]
# title = "Random guesses at the right rate"
# authors = ["Podium"]
# tags = ["baseline"]
# disclosure = { external-data = false, pretrained = false }
# ///
"""The floor of guessing.

Labels are drawn at random at the rate of the training labels, so its F1 is about the share of unusual rows, and its
ROC AUC shows how far chance alone goes.
"""

from sklearn.dummy import DummyClassifier


def make_estimator(random_state: int, n_threads: int) -> DummyClassifier:
    return DummyClassifier(strategy="stratified", random_state=random_state)
