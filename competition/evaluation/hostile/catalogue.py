"""Every attack with what is expected of it at each level of isolation.

``OPEN`` says that nothing is promised: the attack got through where it was tried. Nothing here says more than that. No
level closes what two trials on one machine may tell each other by the time that things take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from competition.evaluation.sandbox.levels import LEVELS, Level

Verdict = Literal[
    "held",  # ran to its end or was refused, and got nothing
    "OPEN",  # got through
    "refused",  # its file is not accepted, so that nothing of it ever runs
    "timeout",
    "memory",
    "crash",
    "error",
    "bad-output",
    "not tried",
]
Group = Literal[
    "reading", "tampering", "channels", "network", "processes", "resources", "answers", "endings", "patches", "headers"
]
GROUPS: tuple[Group, ...] = get_args(Group)
# How an attack runs: beside others; with the workers to itself; as two programs, one after the other on one worker or
# both at once on two; not at all, for what is refused before it runs.
Way = Literal["beside", "alone", "in turn", "at once", "unrun"]
Expected = Mapping[Level, tuple[Verdict, ...]]


@dataclass(frozen=True)
class Attack:
    """A hostile solution.

    Parameters
    ----------
    name : str
        Unique.
    group : str
        What kind of attack it is.
    expected : mapping
        Verdicts that are right, by level.
    source : str
        Its file in `attacks`, without the suffix.
    way : {"beside", "alone", "in turn", "at once", "unrun"}
        How it runs.
    seconds : float
        Its limit.
    bits : int
        Labels that a channel passes on.
    alone : bool
        Whether the rule of the competition is that each row is predicted alone.
    parameters : mapping
        What is filled into its text, beside the decoys.
    needs : str
        What a machine must be like for it to get through where nothing holds it; empty for any Linux.
    """

    name: str
    group: Group
    expected: Expected
    source: str
    way: Way = "beside"
    seconds: float = 10.0
    bits: int = 64
    alone: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""

    def accepts(self, seen: Verdict, level: Level) -> bool:
        """Whether a verdict is what was to be expected; where nothing is promised, an attack may fail as well."""
        expected = self.expected[level]
        return seen in expected or seen == "not tried" or ("OPEN" in expected and seen == "held")


def _each(*verdicts: Verdict) -> Expected:
    """At every level alike."""
    return dict.fromkeys(LEVELS, verdicts)


CLOSED: Expected = {"namespaces": ("held",), "kernel": ("held",), "none": ("OPEN",)}
IN_NAMESPACES: Expected = {"namespaces": ("held",), "kernel": ("OPEN",), "none": ("OPEN",)}
ALWAYS_HELD, ALWAYS_OPEN = _each("held"), _each("OPEN")

# What stands between an attack and its success where nothing else does.
SAME_USER = "a harness that is not run by root, so that its trials are the same user"
TRACEABLE = f"{SAME_USER}; and kernel.yama.ptrace_scope = 0"
OWN_PYTHON = "a Python installation that belongs to the user of the trial"
ROOT = "a trial that is run by root"
QUIET = "a machine on which little else runs"


def _attack(name: str, group: Group, expected: Expected, source: str = "", **options: Any) -> Attack:
    return Attack(name, group, expected, source or name, **options)


def _kinds(source: str, group: Group, expected: Mapping[str, Expected], **options: Any) -> list[Attack]:
    """One attack for each kind of a text that does several."""
    return [
        Attack(f"{source}: {kind}", group, one, source, parameters={"KIND": kind}, **options)
        for kind, one in expected.items()
    ]


_READING = [
    _attack("key_by_path", "reading", CLOSED, "read_file", parameters={"PATH": "KEY_PATH"}),
    _attack("prepared_labels", "reading", CLOSED, "read_file", parameters={"PATH": "PREPARED_PATH"}),
    _attack("cache_of_another", "reading", CLOSED, "read_file", parameters={"PATH": "CACHE_PATH"}),
    _attack("solution_of_another", "reading", CLOSED, "read_file", parameters={"PATH": "SOLUTION_PATH"}),
    _attack("key_by_walking", "reading", CLOSED),
    _attack("key_by_symlink", "reading", CLOSED),
    _attack("key_by_hard_link", "reading", CLOSED, needs="a key on the file system of the scratch directories"),
    _attack("key_by_climbing", "reading", CLOSED),
    _attack("key_by_other_roots", "reading", CLOSED, needs=TRACEABLE),
    _attack("key_by_other_descriptors", "reading", CLOSED, needs=TRACEABLE),
    _attack("key_by_inherited_descriptors", "reading", ALWAYS_HELD),
    _attack("key_by_pidfd", "reading", CLOSED, needs=TRACEABLE),
    _attack("key_by_file_handle", "reading", CLOSED, needs=ROOT),
    _attack("key_by_memory_file", "reading", CLOSED, needs=TRACEABLE),
    _attack("key_by_process_vm_readv", "reading", CLOSED, needs=TRACEABLE),
    _attack("key_by_gc", "reading", ALWAYS_HELD),
    _attack("key_by_frames", "reading", ALWAYS_HELD),
    _attack("own_environment", "reading", ALWAYS_HELD),
    _attack("other_environments", "reading", CLOSED, needs=SAME_USER),
    _attack("command_lines", "reading", CLOSED),
    _attack("shared_memory_folder", "reading", CLOSED),
    _attack("home_directory", "reading", CLOSED, needs=SAME_USER),
    _attack("repository_of_the_harness", "reading", CLOSED, needs="Podium installed from its repository"),
    _attack("file_metadata", "reading", IN_NAMESPACES),
    _attack("file_existence", "reading", IN_NAMESPACES),
    _attack("other_rows_in_memory", "reading", ALWAYS_HELD, parameters={"DISGUISED": "OTHER_NUMBER"}),
    _attack(
        "other_texts_in_memory",
        "reading",
        ALWAYS_HELD,
        "other_rows_in_memory",
        parameters={"DISGUISED": "OTHER_TEXT"},
    ),
]

_TAMPERING = [
    _attack("write_key", "tampering", CLOSED, "write_file", way="alone", parameters={"PATH": "KEY_PATH"}),
    _attack("poison_cache", "tampering", CLOSED, "write_file", way="alone", parameters={"PATH": "CACHE_PATH"}),
    _attack("rewrite_solution", "tampering", CLOSED, "write_file", way="alone", parameters={"PATH": "SOLUTION_PATH"}),
    _attack("remove_key", "tampering", CLOSED, "remove_file", way="alone"),
    _attack("file_modes", "tampering", CLOSED, way="alone", needs=SAME_USER),
    _attack("write_site_packages", "tampering", CLOSED, way="alone", needs=OWN_PYTHON),
    _attack("write_parent_memory", "tampering", CLOSED, way="alone", needs=TRACEABLE),
    _attack("shared_features", "tampering", ALWAYS_HELD, way="alone"),
    _attack("links_for_the_cleaner", "tampering", ALWAYS_HELD, way="alone"),
    _attack("swap_scratch", "tampering", CLOSED, way="alone", needs=SAME_USER),
    _attack("locks_scratch", "tampering", CLOSED, way="alone"),
    _attack("terminal", "tampering", CLOSED, way="alone"),
    _attack("injects_input", "tampering", CLOSED, way="alone", needs=ROOT),
    _attack("kernel_settings", "tampering", CLOSED, way="alone"),
]

_MARKED_FOLDERS = ("/tmp", "/var/tmp", "/dev/mqueue", "/run/lock")

_CHANNELS = [
    _attack(
        "through a temporary file",
        "channels",
        CLOSED,
        "channel_file",
        way="in turn",
        parameters={"FOLDERS": _MARKED_FOLDERS},
    ),
    _attack(
        "through a temporary file, at once",
        "channels",
        CLOSED,
        "channel_file",
        way="at once",
        parameters={"FOLDERS": _MARKED_FOLDERS},
    ),
    _attack(
        "through /dev/shm", "channels", CLOSED, "channel_file", way="in turn", parameters={"FOLDERS": ("/dev/shm",)}
    ),
    _attack(
        "through /dev/shm, at once",
        "channels",
        CLOSED,
        "channel_file",
        way="at once",
        parameters={"FOLDERS": ("/dev/shm",)},
    ),
    _attack("through scratch", "channels", ALWAYS_HELD, "channel_file", way="in turn", parameters={"FOLDERS": (".",)}),
    _attack(
        "through the neighbour's scratch",
        "channels",
        CLOSED,
        "channel_neighbours_scratch",
        way="at once",
        needs=SAME_USER,
    ),
    *(
        _attack(f"through scratch: {name}", "channels", expected, f"channel_scratch_{name}", way="in turn", **options)
        for name, expected, options in (
            ("names", ALWAYS_HELD, {}),
            ("modes", ALWAYS_HELD, {}),
            ("depth", ALWAYS_HELD, {}),
            ("odd_kinds", ALWAYS_HELD, {}),
            ("times", ALWAYS_HELD, {"bits": 14}),
            ("size", ALWAYS_HELD, {"bits": 8}),
            ("attributes", ALWAYS_HELD, {}),
        )
    ),
    _attack("through inode numbers", "channels", ALWAYS_HELD, "channel_inode_numbers", way="in turn", bits=12),
    _attack("through process ids", "channels", ALWAYS_OPEN, "channel_process_ids", way="in turn", bits=12, needs=QUIET),
    _attack("through the worker's memory", "channels", ALWAYS_HELD, "channel_worker_memory", way="in turn"),
    _attack("through labels left in memory", "channels", ALWAYS_HELD, "channel_labels_in_memory", way="in turn"),
    _attack("through file positions", "channels", ALWAYS_HELD, "channel_file_offsets", way="in turn", bits=20),
    _attack("through the shared features", "channels", ALWAYS_HELD, "channel_shared_features", way="in turn"),
    _attack(
        "through times of files", "channels", CLOSED, "channel_file_times", way="in turn", bits=60, needs=OWN_PYTHON
    ),
    _attack(
        "through times of access",
        "channels",
        IN_NAMESPACES,
        "channel_access_times",
        way="in turn",
        bits=16,
        needs="a file system that keeps times of access",
    ),
    _attack("through the page cache", "channels", CLOSED, "channel_page_cache", way="in turn", bits=16),
    _attack(
        "through the page cache, by time",
        "channels",
        ALWAYS_OPEN,
        "channel_page_cache_timing",
        way="in turn",
        bits=16,
        needs=f"a disk that is slower than memory; and {QUIET}",
    ),
    _attack("through a key ring", "channels", CLOSED, "channel_keyring", way="in turn"),
    _attack("through System V memory", "channels", CLOSED, "channel_sysv_memory", way="in turn"),
    _attack("through System V memory, at once", "channels", CLOSED, "channel_sysv_memory", way="at once"),
    _attack("through System V messages", "channels", CLOSED, "channel_sysv_messages", way="in turn"),
    _attack("through POSIX messages", "channels", CLOSED, "channel_posix_messages", way="in turn"),
    _attack("through POSIX messages, at once", "channels", CLOSED, "channel_posix_messages", way="at once"),
    _attack("through record locks", "channels", CLOSED, "channel_record_locks", way="at once"),
    _attack("through locks of open files", "channels", CLOSED, "channel_open_file_locks", way="at once"),
    _attack("through file locks", "channels", CLOSED, "channel_file_locks", way="at once"),
    _attack("through inotify", "channels", CLOSED, "channel_inotify", way="at once", needs=QUIET),
    _attack("through an abstract socket", "channels", CLOSED, "channel_abstract_socket", way="at once"),
    _attack("through the loopback network", "channels", CLOSED, "channel_loopback", way="at once"),
    _attack("through limits", "channels", CLOSED, "channel_limits", way="at once", bits=32, needs=SAME_USER),
    _attack("through the list of processes", "channels", CLOSED, "channel_process_list", way="at once", bits=16),
    _attack(
        "through the number of free files",
        "channels",
        IN_NAMESPACES,
        "channel_free_files",
        way="at once",
        bits=5,
        needs=f"scratch directories on a file system that counts its files; and {QUIET}",
    ),
]

_NETWORK = [
    _attack("tcp", "network", CLOSED),
    _attack("tcp_fast_open", "network", CLOSED, needs="net.ipv4.tcp_fastopen"),
    _attack("udp", "network", CLOSED),
    _attack("dns", "network", CLOSED),
    _attack("ipv6", "network", CLOSED, needs="IPv6"),
    _attack("unix_socket", "network", CLOSED),
    _attack("abstract_socket", "network", CLOSED),
    _attack("listens", "network", CLOSED),
    _attack("socket_pair", "network", CLOSED),
    *_kinds(
        "odd_sockets",
        "network",
        {"netlink": CLOSED, "crypto": CLOSED, "vsock": CLOSED, "ping": CLOSED},
        needs="that family in the kernel",
    ),
    *_kinds("odd_sockets", "network", {"packet": CLOSED, "raw": CLOSED}, needs=ROOT),
    _attack("io_uring", "network", CLOSED, needs="kernel.io_uring_disabled = 0"),
]

_PROCESSES = [
    _attack("signals_harness", "processes", CLOSED),
    _attack("signals_by_pidfd", "processes", CLOSED),
    _attack("kills_worker", "processes", CLOSED, way="alone"),
    _attack("stops_worker", "processes", CLOSED, way="alone"),
    _attack("ptrace_harness", "processes", CLOSED, way="alone", needs=TRACEABLE),
    _attack("limits_of_the_harness", "processes", CLOSED),
    _attack("priority_of_the_harness", "processes", CLOSED),
    _attack("cores_of_the_harness", "processes", CLOSED),
    _attack("leaves_a_daemon", "processes", ALWAYS_HELD, way="alone"),
    _attack("outlives_its_worker", "processes", CLOSED, way="alone"),
    _attack("forks_raw", "processes", CLOSED),
    _attack("runs_a_program", "processes", CLOSED),
    _attack("foreign_abi", "processes", _each("held", "crash") | {"none": ("OPEN",)}, needs="x86-64 with 32-bit calls"),
    _attack("x32_abi", "processes", _each("held", "crash") | {"none": ("OPEN",)}, needs="x86-64 with x32 calls"),
    _attack("new_namespaces", "processes", CLOSED, needs="user namespaces for everybody"),
    _attack("joins_namespaces", "processes", CLOSED, needs=ROOT),
    _attack("becomes_root", "processes", CLOSED, needs=ROOT),
    *_kinds("kernel_interfaces", "processes", {"bpf": CLOSED, "perf_event_open": CLOSED}, needs=ROOT),
    *_kinds("kernel_interfaces", "processes", {"userfaultfd": CLOSED}, needs="userfaultfd for everybody"),
    *_kinds("kernel_interfaces", "processes", {"keyctl": CLOSED}),
]

_OR_CRASH = _each("held", "crash")
_RESOURCES = [
    _attack("sleeps", "resources", _each("timeout"), seconds=1),
    _attack("spins", "resources", _each("timeout"), seconds=1),
    _attack("eats_heap", "resources", _each("memory"), way="alone"),
    _attack("eats_mappings", "resources", _each("memory"), way="alone"),
    _attack("eats_memfd", "resources", CLOSED, way="alone"),
    _attack("eats_pipes", "resources", ALWAYS_HELD, way="alone"),
    _attack("eats_shared_memory", "resources", CLOSED, way="alone", needs="600 MB in /dev/shm"),
    _attack("eats_disk", "resources", _OR_CRASH, way="alone"),
    _attack("eats_disk_unseen", "resources", _OR_CRASH, way="alone"),
    _attack("sparse_file", "resources", ALWAYS_HELD, way="alone"),
    _attack("eats_inodes", "resources", _OR_CRASH, way="alone"),
    _attack("eats_descriptors", "resources", ALWAYS_HELD),
    _attack("fork_bomb", "resources", CLOSED, way="alone"),
    _attack("thread_bomb", "resources", _each("error", "memory", "crash"), way="alone"),
    _attack("small_thread_bomb", "resources", _each("error", "memory", "crash"), way="alone"),
    _attack("fills_stdout", "resources", ALWAYS_HELD),
    _attack("raises_its_limits", "resources", ALWAYS_HELD),
    _attack("takes_all_cores", "resources", CLOSED, way="alone", needs="two cores"),
    _attack("takes_priority", "resources", CLOSED, needs=ROOT),
]

_ANSWERS = [
    _attack("lazy_objects", "answers", _each("held", "error", "bad-output")),
    _attack("lazy_array", "answers", ALWAYS_HELD),
    _attack("array_subclass", "answers", ALWAYS_HELD),
    _attack("float_subclass", "answers", _each("bad-output")),
    _attack("text_subclass", "answers", _each("bad-output")),
    _attack("generator", "answers", _each("bad-output")),
    *_kinds(
        "wrong_values",
        "answers",
        dict.fromkeys(
            (
                *("dtype", "NaN", "length", "two dimensions", "no dimension", "records"),
                *("unknown label", "huge", "nothing"),
            ),
            _each("bad-output"),
        ),
    ),
    *_kinds(
        "wrong_probabilities",
        "answers",
        dict.fromkeys(("NaN", "above 1", "one column", "complex"), _each("bad-output", "error")),
    ),
    _attack("remembers_its_answers", "answers", ALWAYS_OPEN, alone=True),
]

_ENDINGS = [
    *_kinds(
        "endings",
        "endings",
        {
            "exit 0": _each("error"),
            "interrupt": _each("error"),
            "generator exit": _each("error"),
            "os._exit": _each("crash"),
            "segfault": _each("crash"),
            "abort": _each("crash"),
            "kill": _each("crash"),
            "kill group": _each("held", "crash"),
            "from a thread": _each("crash"),
            "overflow": _each("crash", "error"),
        },
    ),
    _attack("closes_everything", "endings", _each("crash")),
    _attack("exit_handlers", "endings", _each("bad-output", "held")),
    _attack("stays_after_its_answer", "endings", ALWAYS_HELD),
    _attack("hostile_exception", "endings", _each("error", "crash")),
    _attack("huge_message", "endings", _each("error")),
    _attack("ignores_signals", "endings", _each("timeout"), seconds=1),
    _attack("stops_itself", "endings", _each("timeout"), seconds=1),
]

_PATCHES = [
    _attack("patch_metrics", "patches", ALWAYS_HELD),
    _attack("patch_open", "patches", ALWAYS_HELD),
    _attack("patch_clock", "patches", ALWAYS_HELD),
    _attack("patch_messages", "patches", _each("crash", "bad-output")),
    _attack("forge_encoder", "patches", _each("bad-output")),
    _attack("forge_timings", "patches", ALWAYS_HELD),
    _attack("swap_modules", "patches", _each("held", "crash", "error", "bad-output")),
    *_kinds(
        "forged_frames",
        "patches",
        {
            "infrastructure": _each("bad-output"),
            "timeout": _each("bad-output"),
            "pickle": _each("bad-output"),
            "pickle in a frame": _each("bad-output"),
            "huge shape": _each("bad-output"),
            "negative shape": _each("bad-output"),
            "huge header": _each("bad-output"),
            "nested header": _each("bad-output"),
            "odd types": _each("bad-output"),
            "huge numbers": _each("bad-output"),
            "no predictions": _each("bad-output"),
            "out of range": _each("bad-output"),
            "valid": ALWAYS_HELD,
            "valid and more": _each("held", "bad-output"),
            "valid and 100 MB": _each("bad-output"),
        },
    ),
]

ATTACKS: tuple[Attack, ...] = (
    *_READING,
    *_TAMPERING,
    *_CHANNELS,
    *_NETWORK,
    *_PROCESSES,
    *_RESOURCES,
    *_ANSWERS,
    *_ENDINGS,
    *_PATCHES,
)
