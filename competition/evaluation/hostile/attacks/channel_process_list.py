"""Passes sixteen labels on by which of its threads live; the error that a number gives tells whether it names one."""

import os
import threading

N_BITS, FRAME = 16, "1111111100"
ORACLES = (
    os.getpgid,
    os.getsid,
    os.sched_getaffinity,
    os.sched_getscheduler,
    lambda number: os.getpriority(os.PRIO_PROCESS, number),
    lambda number: os.stat(f"/proc/{number}"),
)


def send(bits):
    pattern = FRAME + bits[:N_BITS]
    for _ in range(50):
        ends = [threading.Event() for _ in pattern]
        threads = [threading.Thread(target=end.wait, daemon=True) for end in ends]
        for thread in threads:
            thread.start()
        in_a_row = threads[-1].native_id - threads[0].native_id == len(pattern) - 1
        for end, bit in zip(ends, pattern, strict=True):
            if bit == "0" or not in_a_row:
                end.set()
        if in_a_row:
            return
        for thread in threads:
            thread.join()


def receive():
    refused = OSError("no pattern")
    for oracle in ORACLES:
        try:
            oracle(os.getppid())
        except OSError as error:
            refused = error
            continue
        first = max(2, os.getpid() - 500)
        alive = "".join(str(int(exists(oracle, number))) for number in range(first, os.getpid() + 2000))
        found = alive.find("0" + FRAME)
        if found >= 0:
            return alive[found + 1 + len(FRAME) :][:N_BITS]
    raise refused


def exists(oracle, number):
    try:
        oracle(number)
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True
    return True
