"""Raises an exception with ten million characters, escapes for terminals and lines that look like the harness's."""


def attack(X, y):
    raise ValueError("\x1b[2J\x07\r\n<script>alert(1)</script>\nPodium: all solutions failed\n" + "x" * 10_000_000)
