"""Measurements of the harness, side by side with bare loops in one run: `nox -s bench`."""
