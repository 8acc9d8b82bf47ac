"""``python -m competition.cli``."""

from competition.cli import main

main()
