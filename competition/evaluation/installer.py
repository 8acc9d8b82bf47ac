"""Run uv for a solution's own dependencies: wheels only, shut in as well as this machine allows, its errors judged.

A wheel runs no code when it is installed, and a ``.pth`` file none until Python starts with it; that uv finds nothing
of ours is the second line of defence.
"""

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from competition.errors import PodiumError
from competition.evaluation.enclosure import WAYS, Reach, Way, shut_in
from competition.evaluation.sandbox.bubblewrap import SYSTEM

SECONDS = 1800
PROBE_SECONDS = 30
# Room for any library; a small wheel can hold a file that unpacks to any size.
MAX_FILE_BYTES = 4 * 1024**3
MESSAGE_LENGTH = 300

# What says where packages come from; where they go to, and for which Python, is not the user's to say here.
_KEPT = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX\w*|EXTRA_INDEX_URL|FIND_LINKS|OFFLINE|KEYRING_PROVIDER|CREDENTIALS_DIR|CACHE_DIR|"
    r"CONFIG_FILE|NO_CONFIG|HTTP_\w+|REQUEST_TIMEOUT|CONCURRENT_\w+|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|"
    r"EXCLUDE_NEWER|PRERELEASE|TORCH_BACKEND)|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_\w+|NETRC|HOME|XDG_\w+|PATH|LANG|LC_ALL",
    re.IGNORECASE,
)
_PATHS = ("UV_CACHE_DIR", "UV_CONFIG_FILE")
# For a connection: names, certificates, uv's system-wide settings.
_NETWORK = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/ld.so.cache"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs"),
    *("/etc/pki/tls/cert.pem", "/etc/ca-certificates", "/usr/share/ca-certificates"),
    *("/usr/local/share/ca-certificates", "/etc/uv", "/etc/xdg/uv"),
)
_NOT_THE_PACKAGES_FAULT = re.compile(
    r"network was disabled|network connectivity is disabled|401 Unauthorized|403 Forbidden|HTTP status|"
    r"error sending request|Failed to fetch|response body|body from connection|dns error|timed out|No space left|"
    r"invalid package format",  # what a transfer that broke off looks like, too; an index takes no such wheel
    re.IGNORECASE,
)
# Two wheels that claim one path as a file and a folder; names and files that are too long.
_PACKAGES_ERRORS = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EFBIG}
_PACKAGES_FAULT = re.compile(
    r"No solution found|URL dependency|attempted to resolve via URL|does not match|malformed|invalid|"
    r"Failed to (install|extract|unzip|resolve|parse|read metadata)",
    re.IGNORECASE,
)


class DependencyError(Exception):
    """The entrant's: no such package, no wheel, a conflict; one line for a person."""


class InstallationError(Exception):
    """Nobody's fault: the index cannot be reached, the disk is full; one line for a person."""


def find_uv() -> str | None:
    """Path of uv: the one installed beside Podium, or the one on the search path."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def uv_version() -> str | None:
    """Version of uv, such as "0.8.3"; None where there is none that runs."""
    uv = find_uv()
    if uv is None:
        return None
    try:
        told = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=PROBE_SECONDS, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"uv (\S+)", told.stdout)
    return match[1] if match else None


def install(requirements: Sequence[str], always: Sequence[str], folder: Path, held: Sequence[int] = ()) -> Way:
    """Install wheels into ``folder/site-packages``, with their bytecode.

    Parameters
    ----------
    requirements : sequence of str
        What a solution asks for: names with version specifiers.
    always : sequence of str
        What is installed with them, whatever they are.
    folder : Path
        All that uv can write to, its cache aside; empty.
    held : sequence of int
        Descriptors that stay open for as long as any process of the installation runs.

    Returns
    -------
    str
        How uv was shut in.

    Raises
    ------
    DependencyError, InstallationError
        If it could not be done.
    PodiumError
        If uv is not installed.
    """
    uv = find_uv()
    if uv is None:
        raise PodiumError("a solution needs packages that only uv can install, and uv is missing", "`pip install uv`")
    target, scratch = folder / "site-packages", folder / "tmp"
    for path in (target, scratch):
        path.mkdir()
    variables = _environment(scratch)
    cache = _cache(uv, variables)
    # The Python that virtual environments of this one start from: it has the same version and none of our packages.
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    reach = _reach(uv, python, variables, write=(str(folder), cache))
    shared = ["--python", python, "--cache-dir", cache, "--no-progress", "--color", "never"]
    way = next(way for way in WAYS if way == "none" or _holds(way, [uv, "pip", "list", *shared], reach, variables))
    command = [uv, "pip", "install", *shared, "--target", str(target), "--only-binary", ":all:", "--link-mode", "copy"]

    def attempt(options: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return _run(shut_in(way, [*command, *options], reach), variables, SECONDS, held)

    try:
        done = attempt(["--compile-bytecode", "--", *requirements, *always])
        if done.returncode == 0:
            shutil.rmtree(scratch)
            return way
        # An index that lacks what every trial needs is no index, or not the right one.
        is_index = "not found" not in done.stderr or attempt(["--dry-run", "--", *always]).returncode == 0
    except subprocess.TimeoutExpired:
        raise InstallationError(f"uv took more than {SECONDS / 60:g} minutes") from None
    except OSError as error:
        raise InstallationError(f"uv does not start: {error.strerror or error}") from None
    message = one_line(done.stderr) or f"uv ended with exit code {done.returncode}"
    if named := [requirement for requirement in always if requirement in message]:
        message += f" (every trial needs {' and '.join(named)})"
    raise DependencyError(message) if is_index and is_packages_fault(done.stderr) else InstallationError(message)


# --- what uv is given ---


def _environment(scratch: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    # Relative ones are meant from here, and uv runs elsewhere.
    absolute = {name: os.path.abspath(kept[name]) for name in _PATHS if kept.get(name)}
    if links := kept.get("UV_FIND_LINKS"):
        absolute["UV_FIND_LINKS"] = ",".join(_address(link) for link in links.split(",") if link)
    return kept | absolute | {"TMPDIR": str(scratch), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}


def _address(link: str) -> str:
    """Return the address of a folder or a page; it has no space, where `_named_paths` would cut a path."""
    return link if "://" in link else Path(os.path.abspath(link)).as_uri()


def _cache(uv: str, variables: Mapping[str, str]) -> str:
    """Folder of uv's cache, made if need be."""
    try:
        told = _run([uv, "cache", "dir", "--color", "never"], variables, PROBE_SECONDS)
        if told.returncode != 0:
            raise InstallationError(one_line(told.stderr) or f"uv ended with exit code {told.returncode}")
        folder = told.stdout.strip()
        os.makedirs(folder, exist_ok=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallationError(f"uv's cache is not to be had: {getattr(error, 'strerror', '') or error}") from None
    return folder


def _reach(uv: str, python: str, variables: Mapping[str, str], write: Sequence[str]) -> Reach:
    home = Path(variables.get("HOME") or Path.home())
    settings = Path(variables.get("XDG_CONFIG_HOME") or home / ".config", "uv")
    credentials = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share", "uv", "credentials")
    library = [os.path.join(sys.base_prefix, part) for part in ("lib", "lib64")]
    texts = [value for name, value in variables.items() if name.startswith(("UV_", "SSL_", "NETRC"))]
    for file in (settings / "uv.toml", Path("/etc/uv/uv.toml"), Path(variables.get("UV_CONFIG_FILE", ""))):
        if file.is_file():
            texts.append(file.read_text("utf-8", "replace"))
    read = [*_NETWORK, *library, *map(str, (settings, credentials, home / ".netrc")), *_named_paths(texts)]
    return Reach(_existing(read), _existing([uv, python, *SYSTEM]), tuple(write), MAX_FILE_BYTES)


def _named_paths(texts: Iterable[str]) -> Iterator[str]:
    """Local paths in settings: an index or a folder of wheels on this machine, a certificate, a file of credentials."""
    for text in texts:
        for word in re.split(r"[\s,=\"']+", text):
            path = unquote(urlsplit(word).path) if word.startswith("file://") else word
            if path.startswith("/") and path != "/":
                yield path


def _existing(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths that are there, and where symbolic links lead; the outer ones first."""
    found = {form for path in paths if os.path.exists(path) for form in (path, os.path.realpath(path))}
    return tuple(sorted(found, key=lambda path: (len(path), path)))


# --- running it ---


def _holds(way: Way, command: Sequence[str], reach: Reach, variables: Mapping[str, str]) -> bool:
    """Whether uv runs there, and the Python that it asks for its version."""
    try:
        return _run(shut_in(way, command, reach), variables, PROBE_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(
    command: Sequence[str], variables: Mapping[str, str], seconds: float, held: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=dict(variables),
        cwd="/",  # uv reads the settings of the folder that it runs in, and of those above
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        pass_fds=held,
    )


# --- judging what uv said ---


def is_packages_fault(stderr: str) -> bool:
    """Whether an error of uv lies with the packages asked for; where in doubt it is nobody's fault."""
    text = _error_text(stderr)
    codes = {int(code) for code in re.findall(r"\(os error (\d+)\)", text)}
    if codes - _PACKAGES_ERRORS or _NOT_THE_PACKAGES_FAULT.search(text):
        return False
    return bool(_PACKAGES_FAULT.search(text))


def one_line(stderr: str) -> str:
    """Say an error of uv in one line, without addresses, and without paths as far as they have no space."""
    text = _error_text(stderr).partition("hint:")[0]
    text = text[text.find("Because ") :] if "Because " in text else re.sub(r"^\s*(error:)?\s*", "", text)
    text = re.sub(r"\s*(\bcause:|\bCaused by:|[├╰]─▶)\s*", ": ", text)
    text = re.split(r"\s(?:Consider adding|If this is intentional)\b", text)[0]  # advice for uv's own users
    text = re.sub(r"`[\w+]+://[^`]*`|\b[\w+]+://[^\s`),;]+", "(address)", text)
    text = re.sub(r"`/[^`]*`|(?<![\w)/])/[^\s`),;:]+", "(path)", text)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 3].rstrip() + "..."


def _error_text(stderr: str) -> str:
    """Return the error and its causes: no warnings, and nothing that went before."""
    lines = [line for line in stderr.splitlines() if not line.startswith("warning:")]
    start = next((i for i, line in enumerate(lines) if re.match(r"\s*(error:|×)", line)), 0)
    return re.sub(r"[×│]", " ", "\n".join(lines[start:]))
