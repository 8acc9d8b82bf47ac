"""Find solutions and read what they say of themselves, as text: no solution ever runs in the harness's own process."""

import ast
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from packaging.requirements import Requirement

from competition.definition import Competition
from competition.errors import PodiumError, nearest
from competition.header import Metadata, read_header
from competition.packages import installed_version
from competition.repository import Repository

MAX_BYTES = 64 * 1024
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")  # a result and its file carry it, and take no longer one
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where statements hold others


@dataclass(frozen=True)
class Solution:
    """One entry.

    Parameters
    ----------
    name : str
        The file's name without ``.py``.
    origin : str
        The competition in whose folder the file lies.
    source : str
        The file's text.
    metadata : Metadata
        From its header.
    requirements : tuple of Requirement
        Dependencies, names with version specifiers.
    docstring : str
        Why it should work.
    imports : tuple of str
        Modules that it imports, wherever in the file.
    """

    name: str
    origin: str
    source: str
    metadata: Metadata
    requirements: tuple[Requirement, ...]
    docstring: str
    imports: tuple[str, ...]

    @property
    def file(self) -> str:
        """Path in the repository."""
        return f"solutions/{self.origin}/{self.name}.py"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file, 16 hexadecimal digits."""
        return source_fingerprint(self.source.encode())

    @cached_property
    def unmet(self) -> list[str]:
        """Requirements that the running environment does not meet."""
        return [str(requirement) for requirement in self.requirements if not _met(requirement)]


def source_fingerprint(content: bytes) -> str:
    """SHA-256 of a solution's file, 16 hexadecimal digits."""
    return sha256(content).hexdigest()[:16]


def read_solution(path: Path) -> Solution:
    """Read a solution's file without running it.

    Raises
    ------
    PodiumError
        In one line: no header, a syntax error, no ``make_estimator``, too large, a dependency that is not allowed.
    """
    where = f"{path.parent.name}/{path.name}"
    if not NAME.fullmatch(path.stem):
        raise PodiumError(f"{where}: a solution's file name is at most 100 lower-case letters, digits and underscores")
    if path.is_symlink() or not path.is_file():
        raise PodiumError(f"{where}: is no plain file")
    if path.stat().st_size > MAX_BYTES:
        raise PodiumError(f"{where}: {path.stat().st_size:,} bytes; a solution has at most {MAX_BYTES:,}")
    raw = path.read_bytes()
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PodiumError(f"{where}: not UTF-8 text (byte {error.start})") from None
    tree = _parse(source, where)
    metadata, requirements = read_header(source, where)
    return Solution(
        name=path.stem,
        origin=path.parent.name,
        source=source,
        metadata=metadata,
        requirements=requirements,
        docstring=ast.get_docstring(tree) or "",
        imports=tuple(_imports(tree)),
    )


def _parse(source: str, where: str) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape, say: the author's affair
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        what = getattr(error, "msg", str(error)) or "nested too deeply"
        raise PodiumError(f"{where}: syntax error{f' in line {line}' if line else ''}: {what}") from None
    factory = next((node for node in tree.body if _defines_factory(node)), None)
    if factory is None:
        raise PodiumError(f"{where}: has no function make_estimator(random_state, n_threads)")
    if isinstance(factory, ast.FunctionDef):
        names = [argument.arg for argument in (*factory.args.posonlyargs, *factory.args.args, *factory.args.kwonlyargs)]
        if names != ["random_state", "n_threads"]:
            raise PodiumError(f"{where}: make_estimator takes ({', '.join(names)}); allowed: (random_state, n_threads)")
    return tree


def _defines_factory(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "make_estimator"
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "make_estimator" for target in node.targets)
    return False


def _imports(tree: ast.Module) -> list[str]:
    """Modules that are imported anywhere, in functions too, but for what only a type checker imports."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        blocks = ("orelse",) if _is_for_type_checkers(node) else BLOCKS
        waiting += [inner for block in blocks for inner in getattr(node, block, ())]
    return sorted(found)


def _is_for_type_checkers(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _met(requirement: Requirement) -> bool:
    installed = installed_version(requirement.name)
    return installed is not None and requirement.specifier.contains(installed, prereleases=True)


# --- the solutions of a competition ---


def find_solutions(repository: Repository, definition: Competition, features: Collection[str]) -> dict[str, Path]:
    """Find the entries of a competition: its own, and the borrowed ones whose columns it has and whose needs it meets.

    Parameters
    ----------
    features : collection of str
        The competition's feature columns; empty where they are not known yet, which borrows everything.

    Returns
    -------
    dict
        Path by name, sorted by name; an own entry hides a borrowed one of the same name.
    """
    found: dict[str, Path] = {}
    for origin in reversed((definition.slug, *definition.solutions.borrow)):
        folder = repository.solutions(origin)
        if not folder.is_dir() and origin != definition.slug:
            raise PodiumError(f"solutions.borrow: there is no folder {folder}", nearest(origin, repository.slugs))
        for path in sorted(folder.glob("*.py")):
            if origin == definition.slug or _can_be_borrowed(path, features, definition):
                found[path.stem] = path
    return dict(sorted(found.items()))


def _can_be_borrowed(path: Path, features: Collection[str], definition: Competition) -> bool:
    try:
        about = read_solution(path).metadata
    except PodiumError:
        return True  # a broken file is told where it is evaluated
    limits = definition.limits
    fits = about.threads <= limits.threads and about.memory_gb <= limits.memory_gb
    return fits and (not features or set(about.columns) <= set(features))


def choose_solutions(
    repository: Repository, definition: Competition, features: Collection[str], names: Collection[str]
) -> list[Solution]:
    """Read the named solutions, or all of them where none is named.

    Raises
    ------
    PodiumError
        If a name is unknown, there is none at all, a file is broken or asks for more than the competition's limits.
    """
    paths = find_solutions(repository, definition, features)
    if not paths:
        raise PodiumError(
            f"'{definition.slug}' has no solutions", f"`podium new solution {definition.slug}/NAME` makes one"
        )
    wanted = dict.fromkeys(name.removesuffix(".py").split("/")[-1] for name in names)
    for name in wanted:
        if name not in paths:
            raise PodiumError(f"there is no solution '{name}' for '{definition.slug}'", nearest(name, paths))
    chosen = [read_solution(paths[name]) for name in wanted or paths]
    for solution in chosen:
        _check_needs(solution, definition)
    return chosen


def _check_needs(solution: Solution, definition: Competition) -> None:
    """Refuse a solution that asks for more than every trial gets."""
    for name in ("threads", "memory_gb"):
        asked, given = getattr(solution.metadata, name), getattr(definition.limits, name)
        if asked > given:
            raise PodiumError(
                f"{solution.file}: header: {name}: asks for {asked:g}; "
                f"allowed: at most {given:g}, the limit of '{definition.slug}'"
            )
