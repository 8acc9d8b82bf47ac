"""Maps 4 GB of anonymous shared memory, which is no heap and no data segment."""

import mmap


def attack(X, y):
    kept = []
    for _ in range(16):
        memory = mmap.mmap(-1, 256 << 20)
        memory[::4096] = b"x" * len(memory[::4096])
        kept.append(memory)
    return True
