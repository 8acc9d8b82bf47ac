"""Measurements of the harness, side by side with plain scripts in one run: `nox -s bench`."""
