"""A working start: a solution, a competition made out of a CSV file, a repository."""

from competition.scaffold.create import create_competition, create_repository, create_solution

__all__ = ["create_competition", "create_repository", "create_solution"]
