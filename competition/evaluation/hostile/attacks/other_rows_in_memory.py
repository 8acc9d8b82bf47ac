"""Searches its whole memory for features of rows that it was not given."""

# Those features are these eight bytes, disguised so that it does not find its own text.
DISGUISED, MASK = np.uint64("__DISGUISED__"), np.uint64(0x5555555555555555)  # of roles/memory.py


def attack(X, y):
    for window in windows():
        words = np.frombuffer(window, np.uint64)
        if any((words[at : at + 4096] ^ MASK == DISGUISED).any() for at in range(0, len(words), 4096)):
            return True
    return False
