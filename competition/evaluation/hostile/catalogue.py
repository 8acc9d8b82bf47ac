"""Every attack with what is expected of it at each level of isolation.

``OPEN`` says that nothing is promised: the attack got through where it was tried. Nothing here says more than that. No
level closes what two trials on one machine may tell each other by the time that things take.
"""

from collections.abc import Iterable, Mapping
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
    "reading", "tampering", "channels", "network", "processes", "resources", "answers", "endings", "patches", "files"
]
GROUPS: tuple[Group, ...] = get_args(Group)
# How an attack runs: beside others; with a worker to itself; as two programs, one after the other on one worker, or at
# once on two; not at all, for a file that is read and nothing more.
Way = Literal["beside", "alone", "in turn", "at once", "read"]
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
        Its file in `attacks`, without the suffix; of a file that is only read, its name in `headers.FILES`.
    way : {"beside", "alone", "in turn", "at once", "read"}
        How it runs.
    seconds : float
        Its limit.
    bits : int
        Labels that a channel passes on.
    alone : bool
        Whether the rule of the competition is that each row is predicted alone.
    parameters : mapping
        What is filled into its text: values, or names of decoys.
    costs : tuple of float
        Seconds and megabytes that it does not want to have measured, and that must have been.
    needs : str
        What a machine must be like for it to get through where nothing holds it; empty for any Linux.
    """

    name: str
    group: Group
    expected: Expected
    source: str
    way: Way = "beside"
    seconds: float = 20.0
    bits: int = 64
    alone: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    costs: tuple[float, float] = (0.0, 0.0)
    needs: str = ""

    def accepts(self, seen: Verdict, level: Level) -> bool:
        """Whether a verdict is what was to be expected; where nothing is promised, an attack may fail as well."""
        expected = self.expected[level]
        return seen in expected or seen == "not tried" or ("OPEN" in expected and seen == "held")


def _at(namespaces: Verdict, kernel: Verdict, none: Verdict) -> Expected:
    return {"namespaces": (namespaces,), "kernel": (kernel,), "none": (none,)}


def _each(*verdicts: Verdict) -> Expected:
    """At every level the same, one of some."""
    return dict.fromkeys(LEVELS, verdicts)


CLOSED = _at("held", "held", "OPEN")
IN_NAMESPACES = _at("held", "OPEN", "OPEN")
HELD, OPEN = _each("held"), _each("OPEN")
BAD_OUTPUT, CRASH, ERROR = _each("bad-output"), _each("crash"), _each("error")
TIMEOUT, MEMORY, REFUSED = _each("timeout"), _each("memory"), _each("refused")
HELD_OR_CRASH, OUT_OF_THREADS = _each("held", "crash"), _each("error", "memory", "crash")

# What stands between an attack and its success where nothing else does.
SAME_USER = "a harness that is not run by root, so that its trials are of the same user"
TRACEABLE = f"{SAME_USER}; kernel.yama.ptrace_scope = 0"
OWN_PYTHON = "a Python installation that belongs to the user of the trial"
ROOT = "a trial that is run by root"
QUIET = "a machine on which little else runs"
FAMILY = "that family of sockets in the kernel"


def _attacks(group: Group, expected: Expected, names: str, **options: Any) -> list[Attack]:
    """Attacks that have a file of their own name and are expected to end alike."""
    return [Attack(name, group, expected, name, **options) for name in names.split()]


def _kinds(group: Group, expected: Expected, source: str, kinds: Iterable[str], **options: Any) -> list[Attack]:
    """Attacks by one text that does several."""
    return [
        Attack(f"{source}: {kind}", group, expected, source, parameters={"KIND": kind}, **options) for kind in kinds
    ]


def _on_files(group: Group, source: str, files: Mapping[str, str], **options: Any) -> list[Attack]:
    """Attacks by one text on several decoys."""
    return [Attack(name, group, CLOSED, source, parameters={"PATH": path}, **options) for name, path in files.items()]


_BOTH_WAYS = ("temporary_file", "shared_memory", "shared_features", "sysv_memory", "posix_messages")


def _channel(what: str, source: str, expected: Expected, way: Way, bits: int = 64, needs: str = "") -> Attack:
    again = ", at once" if way == "at once" and source in _BOTH_WAYS else ""
    return Attack(f"through {what}{again}", "channels", expected, f"channel_{source}", way, bits=bits, needs=needs)


_READING = [
    *_on_files(
        "reading",
        "read_file",
        {
            "key_by_path": "KEY_PATH",
            "prepared_labels": "PREPARED_PATH",
            "cache_of_another": "CACHE_PATH",
            "solution_of_another": "SOLUTION_PATH",
        },
    ),
    *_attacks("reading", CLOSED, "key_by_walking key_by_symlink key_by_climbing command_lines shared_memory_folder"),
    *_attacks("reading", CLOSED, "key_at_import"),
    *_attacks("reading", CLOSED, "key_by_hard_link", needs="the key on the file system of the scratch directories"),
    *_attacks("reading", CLOSED, "key_by_other_roots key_by_other_descriptors key_by_pidfd", needs=TRACEABLE),
    *_attacks("reading", CLOSED, "key_by_memory_file key_by_process_vm_readv other_environments", needs=TRACEABLE),
    *_attacks("reading", CLOSED, "key_by_file_handle", needs=ROOT),
    *_attacks("reading", CLOSED, "home_directory", needs=f"{SAME_USER}; a file in the home directory"),
    *_attacks("reading", CLOSED, "repository_of_the_harness", needs="Podium installed from its repository"),
    *_attacks("reading", CLOSED, "processor_statistics", needs="statistics of idle cores"),
    *_kinds("reading", CLOSED, "state_of_the_machine", ("sysinfo", "memory", "load", "paging")),
    *_kinds("reading", CLOSED, "state_of_the_machine", ("processor time", "clock of its parent")),
    *_attacks("reading", IN_NAMESPACES, "file_metadata file_existence link_targets"),
    *_attacks("reading", HELD, "key_by_inherited_descriptors key_by_gc key_by_frames own_environment"),
    Attack("other_rows_in_memory", "reading", HELD, "other_rows_in_memory", parameters={"DISGUISED": "OTHER_NUMBER"}),
    Attack("other_texts_in_memory", "reading", HELD, "other_rows_in_memory", parameters={"DISGUISED": "OTHER_TEXT"}),
]

_TAMPERING = [
    *_on_files(
        "tampering",
        "write_file",
        {"write_key": "KEY_PATH", "poison_cache": "CACHE_PATH", "rewrite_solution": "SOLUTION_PATH"},
        way="alone",
    ),
    *_attacks("tampering", CLOSED, "remove_file removes_scratch second_names terminal", way="alone"),
    *_attacks("tampering", {**HELD_OR_CRASH, "none": ("OPEN", "crash")}, "locks_scratch", way="alone"),
    *_attacks("tampering", CLOSED, "kernel_settings", way="alone"),
    *_attacks("tampering", CLOSED, "file_modes swap_scratch", way="alone", needs=SAME_USER),
    *_attacks("tampering", CLOSED, "write_parent_memory", way="alone", needs=TRACEABLE),
    *_attacks("tampering", CLOSED, "write_site_packages", way="alone", needs=OWN_PYTHON),
    *_attacks("tampering", CLOSED, "injects_input", way="alone", needs=ROOT),
    *_attacks("tampering", HELD, "shared_features links_for_the_cleaner", way="alone"),
]

_CHANNELS = [
    _channel("size of the folder above", "parent_size", CLOSED, "in turn", bits=3, needs="scratch directories on ext4"),
    _channel("scratch", "scratch_file", HELD, "in turn"),
    _channel("names in scratch", "scratch_names", HELD, "in turn"),
    _channel("modes in scratch", "scratch_modes", HELD_OR_CRASH, "in turn"),
    _channel("depth of scratch", "scratch_depth", HELD_OR_CRASH, "in turn"),
    _channel("odd files in scratch", "scratch_odd_kinds", HELD, "in turn"),
    _channel("attributes of scratch", "scratch_attributes", CLOSED, "in turn"),
    _channel("times of scratch", "scratch_times", CLOSED, "in turn", bits=14),
    _channel("size of scratch", "scratch_size", CLOSED, "in turn", bits=8, needs="scratch directories on ext4"),
    _channel("inode numbers", "inode_numbers", OPEN, "in turn", bits=10, needs="scratch directories on a tmpfs"),
    _channel("process ids", "process_ids", OPEN, "in turn", bits=9, needs=QUIET),
    _channel("pipe numbers", "pipe_numbers", OPEN, "in turn", bits=7, needs=QUIET),
    _channel("the number of threads", "thread_count", CLOSED, "at once", bits=5, needs=QUIET),
    _channel("promised memory", "committed_memory", CLOSED, "at once", bits=4, needs=QUIET),
    _channel("processor time", "processor_time", CLOSED, "at once", bits=4, needs=QUIET),
    _channel("the neighbour's scratch", "neighbours_scratch", CLOSED, "at once", needs=SAME_USER),
    _channel("a temporary file", "temporary_file", CLOSED, "in turn"),
    _channel("a temporary file", "temporary_file", CLOSED, "at once"),
    _channel("/dev/shm", "shared_memory", CLOSED, "in turn"),
    _channel("/dev/shm", "shared_memory", CLOSED, "at once"),
    _channel("the worker's memory", "worker_memory", HELD, "in turn"),
    _channel("labels left in memory", "labels_in_memory", HELD, "in turn"),
    _channel("file positions", "file_offsets", HELD, "in turn", bits=20),
    _channel("the shared features", "shared_features", HELD, "in turn"),
    _channel("the shared features", "shared_features", HELD, "at once"),
    _channel("times of installed files", "file_times", CLOSED, "in turn", bits=60, needs=OWN_PYTHON),
    _channel("modes of installed files", "file_modes", CLOSED, "in turn", bits=9, needs=OWN_PYTHON),
    _channel(
        "times of access", "access_times", IN_NAMESPACES, "in turn", bits=16, needs="a file system that keeps them"
    ),
    _channel("the page cache", "page_cache", CLOSED, "in turn", bits=16, needs=QUIET),
    _channel("the page cache, by time", "page_cache_timing", OPEN, "in turn", bits=16, needs=f"a slow disk; {QUIET}"),
    _channel("names that are not there", "absent_names", OPEN, "in turn", needs="a file system that remembers them"),
    _channel("a key ring", "keyring", CLOSED, "in turn"),
    _channel("System V memory", "sysv_memory", CLOSED, "in turn"),
    _channel("System V memory", "sysv_memory", CLOSED, "at once"),
    _channel("System V messages", "sysv_messages", CLOSED, "in turn"),
    _channel("POSIX messages", "posix_messages", CLOSED, "in turn"),
    _channel("POSIX messages", "posix_messages", CLOSED, "at once"),
    _channel("record locks", "record_locks", CLOSED, "at once"),
    _channel("locks of open files", "open_file_locks", CLOSED, "at once"),
    _channel("file locks", "file_locks", CLOSED, "at once"),
    _channel("inotify", "inotify", CLOSED, "at once", needs=QUIET),
    _channel("an abstract socket", "abstract_socket", CLOSED, "at once"),
    _channel("the loopback network", "loopback", CLOSED, "at once"),
    _channel("limits", "limits", CLOSED, "at once", bits=32, needs=SAME_USER),
    _channel("the list of processes", "process_list", IN_NAMESPACES, "at once", bits=16, needs=QUIET),
    _channel("the number of free files", "free_files", IN_NAMESPACES, "at once", bits=5, needs=f"ext4; {QUIET}"),
]

_NETWORK = [
    *_attacks("network", CLOSED, "tcp udp dns unix_socket abstract_socket listens socket_pair"),
    *_attacks("network", CLOSED, "tcp_fast_open", needs="net.ipv4.tcp_fastopen"),
    *_attacks("network", CLOSED, "ipv6", needs="IPv6"),
    *_attacks("network", CLOSED, "io_uring", needs="kernel.io_uring_disabled = 0"),
    *_kinds("network", CLOSED, "odd_sockets", ("netlink", "crypto", "vsock", "ping"), needs=FAMILY),
    *_kinds("network", CLOSED, "odd_sockets", ("packet", "raw"), needs=ROOT),
]

_PROCESSES = [
    *_attacks("processes", CLOSED, "signals_harness signals_by_pidfd limits_of_the_harness"),
    *_attacks("processes", CLOSED, "priority_of_the_harness cores_of_the_harness forks_raw runs_a_program"),
    *_attacks("processes", CLOSED, "kills_worker stops_worker outlives_its_worker", way="alone"),
    *_attacks("processes", CLOSED, "ptrace_harness", way="alone", needs=TRACEABLE),
    *_attacks("processes", HELD, "leaves_a_daemon", way="alone"),
    *_attacks(
        "processes", {**HELD_OR_CRASH, "none": ("OPEN", "crash")}, "foreign_abi", needs="x86-64 with 32-bit calls"
    ),
    *_attacks("processes", {**HELD_OR_CRASH, "none": ("OPEN",)}, "x32_abi", needs="x86-64 with x32 calls"),
    *_attacks("processes", CLOSED, "new_namespaces", needs="user namespaces for everybody"),
    *_attacks("processes", CLOSED, "joins_namespaces becomes_root", needs=ROOT),
    *_kinds("processes", CLOSED, "kernel_interfaces", ("bpf", "perf_event_open"), needs=ROOT),
    *_kinds("processes", CLOSED, "kernel_interfaces", ("userfaultfd",), needs="userfaultfd for everybody"),
    *_kinds("processes", CLOSED, "kernel_interfaces", ("keyctl",)),
]

_RESOURCES = [
    *_attacks("resources", TIMEOUT, "sleeps spins", seconds=1),
    *_attacks("resources", MEMORY, "eats_heap eats_mappings", way="alone"),
    *_attacks("resources", CLOSED, "fork_bomb", way="alone"),
    *_attacks("resources", {**CLOSED, "none": ("OPEN", "crash")}, "eats_memfd eats_shared_memory", way="alone"),
    *_attacks("resources", HELD_OR_CRASH, "eats_disk eats_disk_unseen eats_disk_reserved eats_inodes", way="alone"),
    *_attacks("resources", CRASH, "eats_disk_deep eats_inodes_deep", way="alone"),
    *_attacks("resources", OUT_OF_THREADS, "thread_bomb small_thread_bomb", way="alone"),
    *_attacks("resources", HELD, "eats_pipes sparse_file", way="alone"),
    *_attacks("resources", HELD, "eats_descriptors fills_stdout raises_its_limits"),
    *_attacks("resources", CLOSED, "takes_all_cores", way="alone", needs="two cores"),
    *_attacks("resources", CLOSED, "takes_priority", needs=ROOT),
]

_ANSWERS = [
    *_attacks("answers", HELD, "lazy_array array_subclass"),
    *_attacks("answers", _each("held", "error", "bad-output"), "lazy_objects"),
    *_attacks("answers", BAD_OUTPUT, "float_subclass text_subclass generator"),
    *_kinds("answers", BAD_OUTPUT, "wrong_values", ("dtype", "NaN", "unknown label", "records", "huge", "nothing")),
    *_kinds("answers", BAD_OUTPUT, "wrong_values", ("length", "two dimensions", "no dimension")),
    *_kinds("answers", BAD_OUTPUT, "wrong_probabilities", ("NaN", "above 1", "one column", "complex")),
    *_attacks("answers", OPEN, "remembers_its_answers", alone=True),
]

_ENDINGS = [
    *_kinds("endings", ERROR, "endings", ("exit 0", "interrupt", "generator exit")),
    *_kinds("endings", CRASH, "endings", ("os._exit", "segfault", "abort", "kill", "from a thread")),
    *_kinds("endings", HELD_OR_CRASH, "endings", ("kill group",)),
    *_kinds("endings", _each("crash", "error"), "endings", ("overflow",)),
    *_attacks("endings", CRASH, "closes_everything"),
    *_attacks("endings", _each("bad-output", "held"), "exit_handlers"),
    *_attacks("endings", HELD, "stays_after_its_answer"),
    *_attacks("endings", _each("error", "crash"), "hostile_exception"),
    *_attacks("endings", ERROR, "huge_message"),
    *_attacks("endings", TIMEOUT, "ignores_signals stops_itself", seconds=1),
]

_PATCHES = [
    *_attacks("patches", HELD, "patch_metrics patch_open forge_timings"),
    *_attacks("patches", HELD, "patch_clock", costs=(0.5, 0.0)),
    *_attacks("patches", CLOSED, "hides_its_memory", costs=(0.0, 300.0)),
    *_attacks("patches", CLOSED, "forges_its_end", costs=(0.5, 0.0), needs=TRACEABLE),
    *_attacks("patches", _each("crash", "bad-output"), "patch_messages"),
    *_attacks("patches", BAD_OUTPUT, "forge_encoder"),
    *_attacks("patches", _each("held", "crash", "error", "bad-output"), "swap_modules"),
    *_kinds("patches", BAD_OUTPUT, "forged_frames", ("infrastructure", "timeout", "pickle", "pickle in a frame")),
    *_kinds("patches", BAD_OUTPUT, "forged_frames", ("huge shape", "negative shape", "huge header", "nested header")),
    *_kinds("patches", BAD_OUTPUT, "forged_frames", ("odd types", "huge numbers", "no predictions", "out of range")),
    *_kinds("patches", BAD_OUTPUT, "forged_frames", ("valid and 100 MB",)),
    *_kinds("patches", _each("held", "bad-output"), "forged_frames", ("valid", "valid and more")),
]

_FILES = [
    Attack(f"file: {name}", "files", HELD if name in ("docstring", "title") else REFUSED, name, "read")
    for name in (
        *("index address", "index table", "index option", "installer option", "URL", "file URL", "path"),
        *("repository URL", "extras", "marker", "source distribution", "oversized", "nested TOML", "quadratic TOML"),
        *("huge number", "huge version", "nested marker", "many headers", "nested source", "long chain", "no text"),
        *("escapes in a key", "escapes in a dependency", "escapes in a version", "escapes in a disclosure"),
        *("docstring", "title"),
    )
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
    *_FILES,
)
