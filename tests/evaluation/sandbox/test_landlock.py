import ctypes
import errno
import json
import os
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from competition.evaluation.sandbox import landlock

needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="the kernel has no Landlock")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")

CHILD = """
import errno, json, os, socket, sys
from pathlib import Path

from competition.evaluation.sandbox import landlock

folder, python = Path(sys.argv[1]), json.loads(sys.argv[2])
parent = os.getppid()
os.chdir(folder / "scratch")
server = socket.create_server(("127.0.0.1", 0))
landlock.restrict(
    read=[*python, folder / "given", folder / "one" / "file", folder / "nowhere", "/proc/self/statm"],
    write=[str(folder / "scratch"), folder / "log", "/dev/null", folder / "file" / "below"],
)


def attempt(action):
    try:
        result = action()
    except OSError as error:
        return errno.errorcode[error.errno]
    return result if isinstance(result, (str, list)) else "done"


def report(**actions):
    print(json.dumps({name: attempt(action) for name, action in actions.items()}), flush=True)
    os._exit(0)


def write(path, flags=os.O_WRONLY):
    descriptor = os.open(path, flags)
    os.write(descriptor, b"changed")
    os.close(descriptor)

"""


@pytest.fixture
def folder(tmp_path):
    for name in ("given/deep", "one", "scratch", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("given/file", "given/deep/file", "one/file", "one/other", "elsewhere/file", "log", "file"):
        (tmp_path / name).write_text("text")
    program = tmp_path / "given/program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def run(body: str, folder: Path) -> dict[str, object]:
    python = [sys.prefix, sys.base_prefix, "/usr/lib", "/lib", "/lib64"]
    command = [sys.executable, "-I", "-c", CHILD + body, str(folder), json.dumps(python)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    outcomes: dict[str, object] = json.loads(ended.stdout)
    return outcomes


@needs_landlock
def test_reading_is_limited_to_what_was_named(folder):
    body = """
report(
    given=lambda: (folder / "given/file").read_text(),
    deeper=lambda: (folder / "given/deep/file").read_text(),
    listed=lambda: sorted(os.listdir(folder / "given")),
    one=lambda: (folder / "one/file").read_text(),
    beside=lambda: (folder / "one/other").read_text(),
    beside_listed=lambda: os.listdir(folder / "one"),
    elsewhere=lambda: (folder / "elsewhere/file").read_text(),
    by_dots=lambda: (folder / "given/../elsewhere/file").read_text(),
    above=lambda: os.listdir(folder),
    passwords=lambda: Path("/etc/passwd").read_text(),
)
"""
    assert run(body, folder) == {
        "given": "text",
        "deeper": "text",
        "listed": ["deep", "file", "program"],
        "one": "text",
        "beside": "EACCES",
        "beside_listed": "EACCES",
        "elsewhere": "EACCES",
        "by_dots": "EACCES",
        "above": "EACCES",
        "passwords": "EACCES",
    }


@needs_landlock
def test_what_may_be_read_is_neither_changed_nor_run(folder):
    body = """
report(
    write=lambda: write(folder / "given/file"),
    make=lambda: write(folder / "given/new", os.O_WRONLY | os.O_CREAT),
    remove=lambda: os.unlink(folder / "given/file"),
    remove_folder=lambda: os.rmdir(folder / "given/deep"),
    rename=lambda: os.rename(folder / "given/file", folder / "given/moved"),
    take=lambda: os.rename(folder / "given/file", "taken"),
    link=lambda: os.link(folder / "given/file", "linked"),
    run=lambda: os.execv(folder / "given/program", ["program"]),
)
"""
    outcomes = run(body, folder)
    # EXDEV is how a move between folders with other rights is refused.
    assert set(outcomes.values()) <= {"EACCES", "EXDEV"}
    assert (folder / "given/file").read_text() == "text"
    assert sorted(os.listdir(folder / "given")) == ["deep", "file", "program"]


@needs_landlock
def test_scratch_holds_files_and_folders(folder):
    body = """
def work():
    Path("a").write_text("1")
    os.mkdir("deep")
    os.rename("a", "b")
    with open("b", "a") as file:
        file.write("2")
        file.truncate(1)
    assert Path("b").read_text() == "1"
    assert sorted(os.listdir()) == ["b", "deep"]
    os.unlink("b")
    os.rmdir("deep")
    Path("kept").write_text("kept")

report(work=work)
"""
    assert run(body, folder) == {"work": "done"}
    assert (folder / "scratch/kept").read_text() == "kept"


@pytest.mark.skipif(landlock.abi() < 2, reason="Landlock before ABI 2 moves nothing between folders")
def test_files_move_between_folders_of_scratch(folder):
    body = """
def work():
    os.makedirs("from"), os.makedirs("to")
    Path("from/file").write_text("text")
    os.rename("from/file", "to/file")
    return Path("to/file").read_text()

report(work=work)
"""
    assert run(body, folder) == {"work": "text"}


@needs_landlock
def test_scratch_holds_nothing_else(folder):
    body = """
def socket_file():
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")

report(
    link=lambda: os.symlink("/etc/passwd", "passwords"),
    pipe=lambda: os.mkfifo("pipe"),
    socket=socket_file,
    out=lambda: os.rename(folder / "elsewhere/file", "taken"),
)
"""
    assert set(run(body, folder).values()) <= {"EACCES", "EXDEV"}
    assert os.listdir(folder / "scratch") == []


@needs_landlock
def test_nothing_is_written_elsewhere(folder):
    body = """
report(
    write=lambda: write(folder / "elsewhere/file"),
    append=lambda: write(folder / "elsewhere/file", os.O_WRONLY | os.O_APPEND),
    make=lambda: write(folder / "elsewhere/new", os.O_WRONLY | os.O_CREAT),
    unnamed=lambda: write(folder / "elsewhere", os.O_WRONLY | os.O_TMPFILE),
    remove=lambda: os.unlink(folder / "elsewhere/file"),
    shared_memory=lambda: write("/dev/shm/podium-test", os.O_WRONLY | os.O_CREAT),
)
"""
    assert set(run(body, folder).values()) == {"EACCES"}
    assert (folder / "elsewhere/file").read_text() == "text"


@pytest.mark.skipif(landlock.abi() < 3, reason="Landlock before ABI 3 does not judge truncation")
def test_nothing_is_truncated_elsewhere(folder):
    body = """
report(
    elsewhere=lambda: os.truncate(folder / "elsewhere/file", 0),
    given=lambda: os.truncate(folder / "given/file", 0),
    opening=lambda: os.close(os.open(folder / "given/file", os.O_RDONLY | os.O_TRUNC)),
    neither=lambda: os.close(os.open(folder / "elsewhere/file", 3 | os.O_TRUNC)),
)
"""
    assert set(run(body, folder).values()) == {"EACCES"}
    assert (folder / "elsewhere/file").read_text() == (folder / "given/file").read_text() == "text"


@needs_landlock
def test_a_file_may_be_writable_on_its_own_and_so_may_a_device(folder):
    body = """
report(
    log=lambda: write(folder / "log", os.O_WRONLY | os.O_TRUNC),
    remove=lambda: os.unlink(folder / "log"),
    null=lambda: write("/dev/null", os.O_RDWR),
    zero=lambda: write("/dev/zero", os.O_RDWR),
)
"""
    assert run(body, folder) == {"log": "done", "remove": "EACCES", "null": "done", "zero": "EACCES"}
    assert (folder / "log").read_text() == "changed"


@needs_landlock
def test_of_proc_only_what_was_named_is_read(folder):
    body = """
report(
    own=lambda: Path("/proc/self/statm").read_text() != "",
    by_number=lambda: Path(f"/proc/{os.getpid()}/statm").read_text() != "",
    environment=lambda: Path("/proc/self/environ").read_bytes(),
    parent=lambda: Path(f"/proc/{parent}/statm").read_text(),
    parents_memory=lambda: open(f"/proc/{parent}/mem", "rb"),
    parents_descriptors=lambda: os.listdir(f"/proc/{parent}/fd"),
    processes=lambda: os.listdir("/proc"),
)
"""
    outcomes = run(body, folder)
    assert {name for name, outcome in outcomes.items() if outcome == "done"} == {"own", "by_number"}


@pytest.mark.skipif(landlock.abi() < 4, reason="Landlock before ABI 4 does not judge TCP")
def test_tcp_is_refused(folder):
    body = """
def connect():
    with socket.create_connection(server.getsockname(), timeout=5):
        pass

def listen():
    with socket.create_server(("127.0.0.1", 0)):
        pass

report(connect=connect, listen=listen)
"""
    assert run(body, folder) == {"connect": "EACCES", "listen": "EACCES"}


@pytest.mark.skipif(landlock.abi() < 6, reason="Landlock before ABI 6 has no scopes")
def test_signals_and_abstract_sockets_stay_inside(folder):
    body = """
name = b"\\0podium-test-" + str(os.getpid()).encode()
inside = socket.socket(socket.AF_UNIX)
inside.bind(name)
inside.listen()
report(
    own_socket=lambda: socket.socket(socket.AF_UNIX).connect(name),
    others_socket=lambda: socket.socket(socket.AF_UNIX).connect(OUTSIDE),
    itself=lambda: os.kill(os.getpid(), 0),
    parent=lambda: os.kill(parent, 0),
)
"""
    name = f"\0podium-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as outside:
        outside.bind(name)
        outside.listen()
        outcomes = run(body.replace("OUTSIDE", repr(name)), folder)
    assert outcomes == {"own_socket": "done", "others_socket": "EPERM", "itself": "done", "parent": "EPERM"}


@needs_landlock
def test_rights_that_were_given_up_do_not_come_back(folder):
    body = """
landlock.restrict(read=["/"], write=["/"])
report(
    elsewhere=lambda: (folder / "elsewhere/file").read_text(),
    write=lambda: write(folder / "given/file"),
    given=lambda: (folder / "given/file").read_text(),
)
"""
    assert run(body, folder) == {"elsewhere": "EACCES", "write": "EACCES", "given": "text"}


@needs_landlock
def test_no_descriptor_of_a_folder_stays_open(folder):
    body = """
before = {entry for entry in range(100) if attempt(lambda: os.fstat(entry)) == "done"}
landlock.restrict(read=[folder / "given"], write=[folder / "scratch"])
after = {entry for entry in range(100) if attempt(lambda: os.fstat(entry)) == "done"}
report(more=lambda: sorted(map(str, after - before)))
"""
    assert run(body, folder) == {"more": []}


# --- kernels that this one is not ---


class Kernel:
    """Landlock's system calls at one ABI, as strict as the kernel about rights and sizes that it does not know."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.handled: tuple[int, ...] = ()
        self.rules: list[int] = []
        self.is_restricted = False

    def prctl(self, *arguments: ctypes.c_ulong) -> int:
        return 0

    def syscall(self, number: ctypes.c_long, *arguments: ctypes.c_long | bytes | None) -> int:
        words = [word.value if isinstance(word, ctypes.c_long) else word for word in arguments]
        match number.value, words:
            case 444, [None, 0, 1]:
                return self.version or self.fail(errno.ENOSYS)
            case 444, [bytes(attributes), size, 0]:
                return self.create(attributes[:size])
            case 445, [_, 1, bytes(rule), 0]:
                rights, descriptor = struct.unpack("=Qi", rule)
                of_files = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
                applicable = self.handled[0] & (-1 if stat.S_ISDIR(os.fstat(descriptor).st_mode) else of_files)
                if rights == 0 or rights & ~applicable:
                    return self.fail(errno.EINVAL)
                self.rules.append(rights)
                return 0
            case 446, [_, 0]:
                self.is_restricted = True
                return 0
        raise AssertionError((number.value, words))

    def create(self, attributes: bytes) -> int:
        known_size = 8 if self.version < 4 else 16 if self.version < 6 else 24
        if len(attributes) > known_size:
            return self.fail(errno.E2BIG)
        self.handled = struct.unpack(f"{len(attributes) // 8}Q", attributes)
        n_rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(self.version, 16)
        if self.handled[0] >> n_rights or any(mask >> 2 for mask in self.handled[1:]):
            return self.fail(errno.EINVAL)
        return os.open(os.devnull, os.O_RDONLY)

    def fail(self, number: int) -> int:
        ctypes.set_errno(number)
        return -1


@linux_only
@pytest.mark.parametrize(
    ("version", "handled"),
    [
        (1, (0x1FFF,)),
        (2, (0x3FFF,)),
        (3, (0x7FFF,)),
        (4, (0x7FFF, 3)),
        (5, (0xFFFF, 3)),
        (6, (0xFFFF, 3, 3)),
        (7, (0xFFFF, 3, 3)),
        (12, (0xFFFF, 3, 3)),
    ],
)
def test_every_right_that_a_kernel_knows_is_given_up(monkeypatch, folder, version, handled):
    kernel = Kernel(version)
    monkeypatch.setattr(landlock, "_LIBC", kernel)
    landlock.restrict(
        read=[folder / "given", folder / "given/file", folder / "nowhere"],
        write=[str(folder / "scratch"), folder / "log", folder / "file/below"],
    )
    assert landlock.abi() == version
    assert kernel.handled == handled
    assert kernel.is_restricted
    assert len(kernel.rules) == 4
    execute, control_devices = 1 << 0, 1 << 15
    make_nodes_and_links = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
    assert not any(rights & (execute | control_devices | make_nodes_and_links) for rights in kernel.rules)


@linux_only
def test_a_kernel_without_landlock_is_told(monkeypatch, folder):
    monkeypatch.setattr(landlock, "_LIBC", Kernel(0))
    assert landlock.abi() == 0
    with pytest.raises(OSError, match="landlock") as caught:
        landlock.restrict(read=[folder], write=[])
    assert caught.value.errno == errno.ENOSYS


def test_a_system_without_landlock_is_told(monkeypatch, folder):
    monkeypatch.setattr(landlock, "_LIBC", None)
    assert landlock.abi() == 0
    with pytest.raises(OSError, match="Linux") as caught:
        landlock.restrict(read=[folder], write=[])
    assert caught.value.errno == errno.ENOSYS


@linux_only
def test_what_the_kernel_refuses_is_an_error_and_leaves_nothing_open(monkeypatch, folder):
    kernel = Kernel(7)
    monkeypatch.setattr(landlock, "_LIBC", kernel)
    monkeypatch.setattr(kernel, "prctl", lambda *_: kernel.fail(errno.EPERM))
    before = os.listdir("/proc/self/fd")
    with pytest.raises(PermissionError):
        landlock.restrict(read=[folder], write=[])
    assert os.listdir("/proc/self/fd") == before
    assert not kernel.is_restricted
