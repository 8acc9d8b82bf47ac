"""Where things lie: the repository that holds competitions, solutions and boards."""

import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from competition.errors import PodiumError, nearest


@dataclass(frozen=True)
class Repository:
    """A repository of competitions.

    Parameters
    ----------
    root : Path
        The folder whose ``pyproject.toml`` has a ``[tool.podium]`` table.
    default : str or None
        The competition that ``podium run`` takes when none is named.
    """

    root: Path
    default: str | None = None

    @classmethod
    def find(cls, start: Path | None = None) -> "Repository":
        """Find the nearest repository from `start` upwards.

        Raises
        ------
        PodiumError
            If no folder above has a ``pyproject.toml`` with ``[tool.podium]``, or it cannot be read.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            file = folder / "pyproject.toml"
            if not file.is_file():
                continue
            try:
                tool = tomllib.loads(file.read_text("utf-8")).get("tool", {})
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise PodiumError(f"{file} is not valid TOML: {error}") from None
            podium = tool.get("podium") if isinstance(tool, dict) else None
            if isinstance(podium, dict):
                default = podium.get("default")
                if not isinstance(default, str | None):
                    raise PodiumError(f"{file}: tool.podium.default: found {default!r}; allowed: a competition's name")
                return cls(folder, default)
        raise PodiumError(
            f"{start} is in no Podium repository (no pyproject.toml with [tool.podium] from here upwards)",
            "make one with `podium new repository DIR`",
        )

    @property
    def slugs(self) -> list[str]:
        """Names of the competitions, sorted."""
        return sorted(file.parent.name for file in self.root.glob("data/*/competition.toml"))

    def require(self, slug: str | None) -> str:
        """Return a competition's name, the default one for None.

        Raises
        ------
        PodiumError
            If there is no such competition.
        """
        name = slug or self.default
        if name is None:
            raise PodiumError("which competition?", nearest("", self.slugs))
        if name not in self.slugs:
            raise PodiumError(f"there is no competition '{name}' in {self.root / 'data'}", nearest(name, self.slugs))
        return name

    def data(self, slug: str) -> Path:
        """Folder of a competition's rules and data."""
        return self.root / "data" / slug

    def prepared(self, slug: str) -> Path:
        """Folder of a competition's prepared data, not in git."""
        return self.data(slug) / "prepared"

    def solutions(self, slug: str) -> Path:
        """Folder of a competition's solutions."""
        return self.root / "solutions" / slug

    def leaderboard(self, slug: str) -> Path:
        """Folder of a competition's recorded board, in git."""
        return self.root / "leaderboard" / slug

    @property
    def local(self) -> Path:
        """Folder of everything that runs leave behind here, not in git."""
        return self.root / ".podium"

    def local_results(self, slug: str) -> Path:
        """Folder of the results of local runs."""
        return self.local / "results" / slug

    def inference(self, slug: str) -> Path:
        """File of what was last inferred about a competition's results."""
        return self.local / "inferences" / slug

    @property
    def cache(self) -> Path:
        """Folder of the outcomes of trials."""
        return self.local / "cache"

    @property
    def environments(self) -> Path:
        """Folder of the packages that solutions bring themselves."""
        return self.local / "environments"

    def relative(self, path: Path) -> str:
        """Path as a reader of the repository writes it, whole where it lies outside."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to, and rename it to `path` when all went well.

    What `path` held stays as it was if anything fails. A private file is its owner's alone (mode 0600).

    Raises
    ------
    PodiumError
        If the file cannot be written.
    """
    make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes private files; give what the user would have got by writing the file plainly.
            if not private:
                temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise PodiumError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def temporary_folder(prefix: str = "podium-") -> Iterator[Path]:
    """Give a folder that is removed afterwards, in the system's place for such folders.

    Raises
    ------
    PodiumError
        If it cannot be made.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        place = os.environ.get("TMPDIR", "the system's temporary folder")
        raise PodiumError(
            f"no folder can be made in {place}: {error.strerror}",
            "free some space there, or set TMPDIR to another folder",
        ) from None
    with folder as name:
        yield Path(name)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, and check that it can be written to.

    Raises
    ------
    PodiumError
        If that is not possible.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PodiumError(f"cannot make the folder {path}: {error.strerror or error}") from None
    if not os.access(path, os.W_OK):
        raise PodiumError(f"cannot write to the folder {path}")


def check_target(path: Path) -> None:
    """Refuse a file that cannot be written, before the work that goes into it.

    Raises
    ------
    PodiumError
        If `path` is a folder, or lies in none that can be written to.
    """
    if path.is_dir():
        raise PodiumError(f"{path} is a folder", "allowed: the name of a file")
    if not path.parent.is_dir():
        raise PodiumError(f"{path.parent} is no folder")
    make_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, UTF-8 with LF line ends."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
