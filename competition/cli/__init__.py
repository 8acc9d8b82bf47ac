"""`podium`: one thin function a command. Heavy modules are imported by the command that needs them."""

from competition.cli.app import app, main

__all__ = ["app", "main"]
