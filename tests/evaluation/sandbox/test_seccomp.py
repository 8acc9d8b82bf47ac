import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.evaluation.sandbox import seccomp

PID = 4321
ALLOW, KILL = "allow", "kill"
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM = 0x40000003, 0x40000028
MACHINES = tuple(ARCHITECTURES)
PROGRAMS = {machine: seccomp.program(machine, PID) for machine in MACHINES}

# Numbers on x86_64 and aarch64, from the kernel's own tables, so that a wrong number in the module shows.
NEEDED = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "getrandom": (318, 278),
    "sched_getaffinity": (204, 123),
    "getdents64": (217, 61),
    "statx": (332, 291),
    "unlinkat": (263, 35),
    "renameat2": (316, 276),
    "mkdirat": (258, 34),
    "ftruncate": (77, 46),
    "exit_group": (231, 94),
}
FORBIDDEN = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "tkill": (200, 130),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_setup": (206, 0),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "seccomp": (317, 277),
    "personality": (135, 92),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "flock": (73, 32),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "truncate": (76, 45),
    "quotactl": (179, 60),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setresuid": (117, 147),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "setrlimit": (160, 164),
    "clock_settime": (227, 112),
    "timer_create": (222, 107),
    "sched_setattr": (314, 274),
    "reboot": (169, 142),
    "splice": (275, 76),
    "sysinfo": (99, 179),
    "link": (86, None),
    "linkat": (265, 37),
    "vmsplice": (278, 75),
    "mincore": (27, 232),
    "modify_ldt": (154, None),
    "openat2": (437, 437),
}
CONDITIONAL = {
    "open": (2, None),
    "openat": (257, 56),
    "fallocate": (285, 47),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "prctl": (157, 167),
    "clone": (56, 220),
    "close_range": (436, 436),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
}
THREAD = 0x003D0F00  # what glibc's pthread_create passes
HEADERS = {
    "x86_64": (
        "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
        "/usr/x86_64-linux-gnu/include/asm/unistd_64.h",
        "/usr/include/asm/unistd_64.h",
    ),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


def evaluate(program: seccomp.Program, data: bytes) -> int:
    """Run classic BPF on a struct seccomp_data; what it returns."""
    accumulator, position = 0, 0
    while True:
        code, jump_if_true, jump_if_false, operand = program[position]
        assert 0 <= jump_if_true <= 255
        assert 0 <= jump_if_false <= 255
        assert 0 <= operand < 2**32
        position += 1
        match code:
            case 0x20:  # load a word, at an aligned place within the data
                assert operand % 4 == 0
                assert operand + 4 <= len(data)
                accumulator = int.from_bytes(data[operand : operand + 4], "little")
            case 0x54:  # and
                accumulator &= operand
            case 0x15:  # jump if equal
                position += jump_if_true if accumulator == operand else jump_if_false
            case 0x35:  # jump if greater or equal
                position += jump_if_true if accumulator >= operand else jump_if_false
            case 0x06:  # return
                return operand
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def verdict(machine: str, number: int, arguments: tuple[int, ...] = (), architecture: int | None = None) -> str | int:
    """Return "allow", "kill", or the error number that the call fails with."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = b"".join(
        [
            number.to_bytes(4, "little"),
            (ARCHITECTURES[machine] if architecture is None else architecture).to_bytes(4, "little"),
            bytes(8),
            *(word.to_bytes(8, "little") for word in words),
        ]
    )
    action = evaluate(PROGRAMS[machine], data)
    named = {0x7FFF0000: ALLOW, 0x80000000: KILL}
    if action in named:
        return named[action]
    assert action & 0xFFFF0000 == 0x00050000, "neither allowed, killed nor refused"
    return action & 0xFFFF


def cases(calls: dict[str, tuple[int, int | None]]) -> list[tuple[str, str, int]]:
    return [
        pytest.param(machine, name, numbers[column], id=f"{name}-{machine}")
        for column, machine in enumerate(MACHINES)
        for name, numbers in calls.items()
        if numbers[column] is not None
    ]


def number_of(machine: str, name: str) -> int:
    number = {**NEEDED, **FORBIDDEN, **CONDITIONAL}[name][MACHINES.index(machine)]
    assert number is not None
    return number


def on(name: str) -> list[str]:
    return [machine for machine in MACHINES if CONDITIONAL[name][MACHINES.index(machine)] is not None]


machines = st.sampled_from(MACHINES)
words = st.integers(0, 2**64 - 1)
arguments = st.tuples(words, words, words, words, words, words)
# Small words, and words whose lower half is small.
ints = st.one_of(st.integers(0, 70), st.sampled_from([PID, PID - 1, PID + 2**32]), words)


# --- what is allowed whatever the arguments, and what is refused ---


@pytest.mark.parametrize(("machine", "name", "number"), cases(NEEDED))
def test_calls_that_fits_need_are_allowed(machine, name, number):
    assert verdict(machine, number) == ALLOW
    assert verdict(machine, number, (2**64 - 1,) * 6) == ALLOW


@pytest.mark.parametrize(("machine", "name", "number"), cases(FORBIDDEN))
def test_forbidden_calls_are_refused(machine, name, number):
    assert verdict(machine, number) in (errno.EPERM, errno.ENOSYS)
    assert verdict(machine, number, (PID, 0, 0, 0, 0, 0)) in (errno.EPERM, errno.ENOSYS)


@given(machines, arguments, st.data())
def test_numbers_in_no_table_are_refused_whatever_the_arguments(machine, arguments, data):
    known = {
        number
        for table in (seccomp.ALLOWED, seccomp.CONDITIONAL)
        for number in seccomp.numbers(table, MACHINES.index(machine)).values()
    }
    number = data.draw(st.one_of(st.integers(0, 600), st.integers(0, 2**30 - 1)).filter(lambda n: n not in known))
    assert verdict(machine, number, arguments) == (errno.ENOSYS if number >= 424 else errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_tables_allow_what_they_list_and_nothing_else(machine):
    allowed = set(seccomp.numbers(seccomp.ALLOWED, MACHINES.index(machine)).values())
    conditional = set(seccomp.numbers(seccomp.CONDITIONAL, MACHINES.index(machine)).values())
    assert not allowed & conditional
    assert {number for number in range(600) if verdict(machine, number) == ALLOW} - conditional == allowed


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["clone3", "faccessat2"])
def test_calls_that_glibc_has_an_older_one_for_seem_not_to_exist(machine, name):
    assert verdict(machine, {"clone3": 435, "faccessat2": 439}[name]) == errno.ENOSYS


@given(machines, st.integers(0, 2**32 - 1), arguments, st.integers(0, 2**32 - 1))
def test_another_machines_calls_kill(machine, number, arguments, architecture):
    expected = ARCHITECTURES[machine]
    for foreign in {architecture, I386, ARM, *ARCHITECTURES.values()} - {expected}:
        assert verdict(machine, number, arguments, foreign) == KILL


@given(machines, st.integers(0, 2**30), arguments)
def test_calls_of_the_x32_abi_kill(machine, number, arguments):
    assert verdict(machine, 0x40000000 | number, arguments) == KILL


def test_other_machines_have_no_program():
    with pytest.raises(KeyError):
        seccomp.program("riscv64", PID)


# --- what depends on arguments ---


@given(machines, st.sampled_from(["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]), ints, words)
def test_signals_go_to_itself_only(machine, name, target, other):
    # The kernel takes a process number from the lower half of the word.
    expected = ALLOW if target % 2**32 == PID else errno.EPERM
    assert verdict(machine, number_of(machine, name), (target, other, PID, PID)) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("target", [0, 1, PID - 1, 2**32 - 1, 2**32 - PID, 2**64 - 1, 2**64 - PID])
def test_signals_to_groups_and_to_everybody_are_refused(machine, target):
    assert verdict(machine, number_of(machine, "kill"), (target, 9)) == errno.EPERM


@given(machines, ints, words, st.one_of(st.just(0), st.just(2**32), words))
def test_limits_of_its_own_are_read_and_never_set(machine, target, resource, new_limits):
    expected = ALLOW if new_limits == 0 and target % 2**32 in (0, PID) else errno.EPERM
    assert verdict(machine, number_of(machine, "prlimit64"), (target, resource, new_limits, 1)) == expected


@given(
    machines,
    st.sampled_from(["clock_gettime", "clock_getres", "clock_nanosleep"]),
    st.one_of(st.integers(0, 20), words),
)
def test_clocks_of_other_processes_are_not_read(machine, name, clock):
    # A process's clock has a negative number, made of the process's own.
    expected = ALLOW if clock % 2**32 < 16 else errno.EINVAL
    assert verdict(machine, number_of(machine, name), (clock,)) == expected


@given(machines, st.one_of(words, st.sampled_from([THREAD, THREAD | 0x400000])))
def test_clone_makes_threads_that_share_everything(machine, flags):
    shares_descriptors, is_thread, namespaces = flags & 0x400, flags & 0x10000, flags & 0x7E020000
    expected = ALLOW if is_thread and shares_descriptors and not namespaces else errno.EPERM
    assert verdict(machine, number_of(machine, "clone"), (flags,)) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (THREAD, ALLOW),
        (0x01200011, errno.EPERM),  # fork
        (0x00004111, errno.EPERM),  # posix_spawn: shares memory, is a process
        (THREAD | 0x10000000, errno.EPERM),  # a namespace of users
        (THREAD & ~0x400, errno.EPERM),  # a thread with descriptors of its own
    ],
)
def test_clone(machine, flags, expected):
    assert verdict(machine, number_of(machine, "clone"), (flags,)) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_fcntl_reaches_nobody_else(machine):
    number = number_of(machine, "fcntl")
    outcomes = {command: verdict(machine, number, (3, command, 1)) for command in range(1100)}
    assert {command for command, outcome in outcomes.items() if outcome == ALLOW} == {0, 1, 2, 3, 4, 1030, 1032}
    assert set(outcomes.values()) == {ALLOW, errno.EPERM}


@pytest.mark.parametrize("machine", MACHINES)
def test_terminals_and_devices_are_not_controlled(machine):
    number = number_of(machine, "ioctl")
    outcomes = {request: verdict(machine, number, (1, request)) for request in range(0x5400, 0x5500)}
    harmless = {0x5401, 0x541B, 0x5421, 0x5450, 0x5451}
    assert {request for request, outcome in outcomes.items() if outcome == ALLOW} == harmless
    assert set(outcomes.values()) == {ALLOW, errno.ENOTTY}


@given(machines, st.sampled_from(["fcntl", "ioctl"]), st.integers(2**11, 2**64 - 1), ints)
def test_commands_are_read_as_the_kernel_reads_them(machine, name, command, descriptor):
    number = number_of(machine, name)
    # An int: the upper half of the word changes nothing.
    expected = verdict(machine, number, (descriptor, command % 2**32))
    assert verdict(machine, number, (descriptor, command)) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (15, ALLOW),  # the name of a thread
        (0x53564D41, ALLOW),  # the name of a memory area
        (3, ALLOW),  # whether it is dumpable
        (1, errno.EPERM),  # PDEATHSIG: it would outlive its worker
        (4, errno.EPERM),  # DUMPABLE: its worker could not look at it
        (22, errno.EPERM),  # SECCOMP
        (29, errno.EPERM),  # TIMERSLACK
        (35, errno.EPERM),  # MM
        (36, errno.EPERM),  # CHILD_SUBREAPER
        (38, errno.EPERM),  # NO_NEW_PRIVS
        (0x59616D61, errno.EPERM),  # PTRACER
    ],
)
def test_prctl(machine, option, expected):
    assert verdict(machine, number_of(machine, "prctl"), (option, 1)) == expected


@given(st.sampled_from([(machine, name) for name in ("open", "openat") for machine in on(name)]), words)
def test_opening_truncates_only_what_it_opens_to_write(call, flags):
    machine, name = call
    harmful = flags & 0o1000 and flags & 3 in (0, 3)
    place = (0, flags) if name == "open" else (2**64 - 100, 0, flags)
    assert verdict(machine, number_of(machine, name), place) == (errno.EPERM if harmful else ALLOW)


@given(machines, st.one_of(st.integers(0, 0x7F), words))
def test_space_beyond_the_end_of_a_file_is_not_taken(machine, mode):
    expected = ALLOW if mode % 2**32 == 0 else errno.EPERM
    assert verdict(machine, number_of(machine, "fallocate"), (3, mode, 0, 2**40)) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_closing_a_range_leaves_descriptors_shared(machine):
    number = number_of(machine, "close_range")
    assert [verdict(machine, number, (3, 99, flags)) for flags in (0, 4, 2, 6)] == [ALLOW, ALLOW, 1, 1]


# --- numbers, as the kernel's headers have them ---


def in_headers(machine: str) -> dict[str, int]:
    found = next((Path(path) for path in HEADERS[machine] if Path(path).exists()), None)
    if found is None:
        pytest.skip(f"no kernel headers for {machine}")
    defined = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", found.read_text(), re.MULTILINE)
    numbers = {name: int(number) for name, number in defined}
    return numbers | ({"newfstatat": numbers["fstatat"]} if "fstatat" in numbers else {})


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_the_kernels(machine):
    numbers, column = in_headers(machine), MACHINES.index(machine)
    for table in (seccomp.ALLOWED, seccomp.CONDITIONAL):
        ours = seccomp.numbers(table, column)
        assert ours == {name: numbers.get(name) for name in ours}
        # "-" stands where the machine has no such call, and nowhere else.
        assert not (seccomp.numbers(table, 1 - column).keys() - ours.keys()) & numbers.keys()


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_in_these_tests_are_the_kernels(machine):
    numbers, column = in_headers(machine), MACHINES.index(machine)
    newer = {"memfd_secret", "fchmodat2"}  # not in the headers of every system that is still about
    for name, ours in {**NEEDED, **FORBIDDEN, **CONDITIONAL}.items():
        if name not in newer | {"umount2"}:
            assert (name, numbers.get(name)) == (name, ours[column])


# --- processes that install it ---

ATTEMPTS = """
import ctypes, errno, fcntl, json, os, resource, signal, socket, subprocess, sys, tempfile, threading, time

from competition.evaluation.sandbox import seccomp

libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
file = open("own", "w")
pid = os.getpid()


def call(name, *arguments):
    # From the C library, so that Python's own ways round do not matter.
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


refused = {
    "tcp": lambda: socket.socket(),
    "udp": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "socketpair": lambda: socket.socketpair(),
    "fork": os.fork,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "subprocess": lambda: subprocess.run(["/bin/true"]),
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "kill the parent": lambda: os.kill(parent, 0),
    "kill everybody": lambda: os.kill(-1, 0),
    "kill its group": lambda: os.killpg(0, 0),
    "signal a pidfd": lambda: signal.pidfd_send_signal(os.pidfd_open(parent), 0),
    "ptrace": lambda: call("ptrace", 16, parent, 0, 0),
    "read its parent's memory": lambda: call("process_vm_readv", parent, None, 0, None, 0, 0),
    "memfd": lambda: os.memfd_create("anywhere"),
    "shared memory": lambda: call("shmget", 0, 4096, 0o1600),
    "flock": lambda: fcntl.flock(file, fcntl.LOCK_EX),
    "lockf": lambda: fcntl.lockf(file, fcntl.LOCK_EX),
    "lease": lambda: fcntl.fcntl(file, 1024, 1),
    "chmod": lambda: os.chmod("own", 0o600),
    "fchmod": lambda: os.fchmod(file.fileno(), 0o600),
    "chown": lambda: os.chown("own", os.getuid(), os.getgid()),
    "utime": lambda: os.utime("own"),
    "xattr": lambda: os.setxattr("own", "user.note", b"note"),
    "truncate": lambda: os.truncate("own", 0),
    "hard link": lambda: os.link("own", "other"),
    "sysinfo": lambda: call("sysinfo", ctypes.create_string_buffer(128)),
    "mkfifo": lambda: os.mkfifo("pipe"),
    "inotify": lambda: call("inotify_init"),
    "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "nice": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
    "limits": lambda: call("setrlimit", resource.RLIMIT_CORE, (ctypes.c_ulong * 2)(0, 0)),
    "session": os.setsid,
    "unshare": lambda: call("unshare", 0x10000000),
    "outlive its worker": lambda: call("prctl", 1, 0, 0, 0, 0),
}


def thread():
    seen = []
    started = threading.Thread(target=lambda: seen.append(threading.get_native_id()))
    started.start()
    started.join()
    assert seen[0] != pid


def files():
    with tempfile.TemporaryDirectory(dir=".") as folder:
        with tempfile.TemporaryFile(dir=folder) as unnamed:
            unnamed.write(b"text")
            unnamed.truncate(2)
        with open(os.path.join(folder, "a"), "w") as named:
            named.write("text")
        os.rename(os.path.join(folder, "a"), os.path.join(folder, "b"))
        assert os.listdir(folder) == ["b"]
        assert os.path.getsize(os.path.join(folder, "b")) == 4


def numpy():
    import numpy as np

    product = np.ones((200, 200)) @ np.ones((200, 200))
    assert product.sum() == 200**3


def signals():
    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(True))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert seen == [True, True]


def callback():
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 3)(3, 1, 2)
    libc.qsort(numbers, 3, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
    assert list(numbers) == [1, 2, 3]


def clocks():
    assert time.process_time() > 0
    assert time.thread_time() > 0
    time.sleep(0.001)
    try:
        time.clock_gettime(~parent << 3 | 2)
    except OSError as error:
        assert error.errno == errno.EINVAL
    else:
        raise AssertionError("its parent's processor time can be read")


allowed = {
    "threads": thread,
    "clocks": clocks,
    "files": files,
    "numpy": numpy,
    "signals to itself": signals,
    "callbacks from C": callback,
    "pipes": lambda: [os.close(end) for end in os.pipe()],
    "random": lambda: os.urandom(8),
    "cores": lambda: os.sched_getaffinity(0),
    "limits": lambda: resource.getrlimit(resource.RLIMIT_NOFILE),
    "a terminal's width": lambda: os.isatty(1),
}

seccomp.install()
outcomes = {}
for kind, attempts in {"refused": refused, "allowed": allowed}.items():
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError as error:
            outcomes[f"{kind}: {name}"] = errno.errorcode[error.errno]
        else:
            outcomes[f"{kind}: {name}"] = "done"
print(json.dumps(outcomes), flush=True)
os._exit(0)
"""
can_filter = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in seccomp.MACHINES, reason="no system call filter here"
)


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    ended = run(ATTEMPTS, tmp_path_factory.mktemp("filtered"))
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@can_filter
def test_a_filtered_process_is_refused_what_reaches_others(outcomes):
    seen = {name: outcome for name, outcome in outcomes.items() if name.startswith("refused")}
    assert "refused: tcp" in seen
    assert {name: outcome for name, outcome in seen.items() if outcome not in ("EPERM", "ENOSYS")} == {}


@can_filter
def test_a_filtered_process_can_do_what_fits_do(outcomes):
    seen = {name: outcome for name, outcome in outcomes.items() if name.startswith("allowed")}
    assert "allowed: threads" in seen
    assert {name: outcome for name, outcome in seen.items() if outcome != "done"} == {}


@can_filter
def test_the_refusal_that_people_meet_is_a_permission_error(outcomes):
    for name in ("tcp", "fork", "exec", "kill the parent", "ptrace", "memfd", "flock", "chmod", "utime"):
        assert outcomes[f"refused: {name}"] == "EPERM"


@can_filter
def test_threads_are_filtered_too(tmp_path):
    code = """
import os, socket, threading
from competition.evaluation.sandbox import seccomp
seccomp.install()
def reach():
    try:
        socket.socket()
    except PermissionError:
        print("refused", flush=True)
thread = threading.Thread(target=reach)
thread.start()
thread.join()
os._exit(0)
"""
    assert run(code, tmp_path).stdout == "refused\n"


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="32-bit calls of x86_64")
def test_a_call_of_the_32_bit_machine_kills(tmp_path):
    code = """
import ctypes, mmap
from competition.evaluation.sandbox import seccomp
seccomp.install()
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print("survived", flush=True)
"""
    ended = run(code, tmp_path)
    assert (ended.returncode, ended.stdout) == (-31, "")  # SIGSYS


@can_filter
def test_installing_on_an_unknown_machine_is_an_error(monkeypatch):
    known = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result([*known[:4], "riscv64"]))
    with pytest.raises(OSError, match="x86_64 and aarch64") as caught:
        seccomp.install()
    assert caught.value.errno == errno.ENOTSUP
