"""Claims that others published, the same pipelines under Podium, and what held up: `nox -s claims`."""
