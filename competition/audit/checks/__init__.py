"""Checks, one family a module: pure functions of the table, each returning findings or raising `Skip`."""
