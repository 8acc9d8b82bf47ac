"""Raises the limits that were set for it."""

import resource

LIMITS = ("RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_CORE")


def attack(X, y):
    raised = []
    for name in LIMITS:
        limit = getattr(resource, name)
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY:
            continue
        try:
            resource.setrlimit(limit, (hard, hard + 1))
        except (OSError, ValueError):
            continue
        raised.append(name)
    return bool(raised)
