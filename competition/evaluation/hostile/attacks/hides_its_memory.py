"""Uses 300 MB, gives them back, and has the kernel forget that it ever did."""

import mmap
from pathlib import Path

SIZE = 300 << 20


def attack(X, y):
    with mmap.mmap(-1, SIZE) as memory:
        memory[::4096] = b"x" * (SIZE // 4096)
    Path("/proc/self/clear_refs").write_text("5")
    return False
