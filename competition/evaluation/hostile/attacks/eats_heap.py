"""Keeps allocating memory and touching it, up to 4 GB."""


def attack(X, y):
    kept = [bytearray(b"x") * (64 << 20) for _ in range(64)]
    return len(kept) == 64
