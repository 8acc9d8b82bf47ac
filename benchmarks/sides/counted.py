"""Run `podium` and count what passes through its pipes and sockets; every one of them has an end in this process.

Usage: ``python benchmarks/sides/counted.py REPORT ARGUMENT ...``; the bytes go into the file REPORT as JSON.
"""

import json
import os
import socket
import stat
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

BY_DESCRIPTOR = ("read", "readv", "write", "writev")
SENT = ("send", "sendall", "sendto", "sendmsg")
RECEIVED = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into")


def main(report: Path, arguments: list[str]) -> None:
    """Run the command line with counting calls in the places of the plain ones."""
    moved: Counter[str] = Counter()
    for name in BY_DESCRIPTOR:
        setattr(os, name, _counted_by_descriptor(getattr(os, name), moved))
    for name in (*SENT, *RECEIVED):
        setattr(socket.socket, name, _counted_socket(getattr(socket.socket, name), moved))

    from competition.cli import main as podium

    sys.argv = ["podium", *arguments]
    try:
        podium()
    finally:
        report.write_text(json.dumps(moved), "utf-8")


def _counted_by_descriptor(call: Callable[..., Any], moved: Counter[str]) -> Callable[..., Any]:
    def counted(descriptor: int, *arguments: Any) -> Any:
        mode = os.fstat(descriptor).st_mode
        result = call(descriptor, *arguments)
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            moved["pipes"] += result if isinstance(result, int) else len(result)
        return result

    return counted


def _counted_socket(call: Callable[..., Any], moved: Counter[str]) -> Callable[..., Any]:
    def counted(connection: socket.socket, *arguments: Any) -> Any:
        result = call(connection, *arguments)
        match result:
            case None:  # sendall
                moved["sockets"] += len(arguments[0])
            case int():
                moved["sockets"] += result
            case bytes():
                moved["sockets"] += len(result)
            case (bytes() as received, *_):
                moved["sockets"] += len(received)
            case (int() as count, *_):
                moved["sockets"] += count
        return result

    return counted


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
