"""Hostile solutions, each with what is expected of it, and the run that tries them on this machine."""
