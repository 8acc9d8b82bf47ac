"""A solution's file as the body of a function, for a file that holds several.

What stands at the top of the file becomes local to the function, so that equal names of two solutions never meet, and a
reader still sees plain code. The few things that would mean something else there are refused.
"""

import ast
import io
import symtable
import tokenize
from collections.abc import Iterator

from competition.errors import PodiumError
from competition.solution import Solution

INDENT = "    "


def future_imports(source: str) -> list[str]:
    """Names that a file imports from ``__future__``, which stands at the top of a file or nowhere."""
    return [alias.name for node in _future_imports(ast.parse(source)) for alias in node.names]


def as_function_body(solution: Solution) -> str:
    """Return a solution's file, without its header, as the body of a function.

    Raises
    ------
    PodiumError
        If it holds something that means another thing within a function.
    """
    source = solution.source.replace("\r\n", "\n").replace("\r", "\n")
    tree = ast.parse(source)
    _check_can_stand_in_a_function(source, tree, solution.file)
    dropped = {*_header_rows(source), *_future_rows(tree)}
    fixed = set(_rows_within_strings(source)) - set(_docstring_rows(tree))
    # A function's docstring is followed by code at once; elsewhere one empty line parts what two do in a file.
    after_docstring = (tree.body[0].end_lineno or 0) + 1 if ast.get_docstring(tree) else 0
    lines: list[str] = []
    for row, line in enumerate(source.split("\n"), start=1):
        if row in fixed:
            lines.append(line)
        elif line.strip() and row not in dropped:
            lines.append(INDENT + line)
        elif not line.strip() and row != after_docstring and lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip("\n")


def _check_can_stand_in_a_function(source: str, tree: ast.Module, file: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            raise _refusal(file, node.lineno, "the global statement")
        if isinstance(node, ast.Name) and node.id == "globals":
            raise _refusal(file, node.lineno, "globals()")
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise _refusal(file, node.lineno, "import *")
    top = symtable.symtable(source, file, "exec")
    for table in _tables(top):
        for name in table.get_identifiers() if table.get_type() == "class" else ():
            symbol = table.lookup(name)
            # A class that sets a name looks it up there and then among the globals, never in a function round it.
            if symbol.is_local() and symbol.is_referenced() and name in top.get_identifiers():
                raise _refusal(file, table.get_lineno(), f"a class that both reads and sets {name}, which is global,")


def _refusal(file: str, line: int, what: str) -> PodiumError:
    return PodiumError(
        f"{file}, line {line}: {what} means another thing within a blend's file", "name solutions without it"
    )


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _header_rows(source: str) -> range:
    lines = source.split("\n")
    start = lines.index("# /// script") + 1
    end = start
    while lines[end].startswith("#"):
        end += 1
    last = max(row for row in range(start, end + 1) if lines[row - 1] == "# ///")
    return range(start, last + 1)


def _future_rows(tree: ast.Module) -> Iterator[int]:
    for node in _future_imports(tree):
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _future_imports(tree: ast.Module) -> list[ast.ImportFrom]:
    return [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


def _rows_within_strings(source: str) -> Iterator[int]:
    """Rows that begin within a string, where a space would be a part of it."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        # Python 3.12 and later give the parts of an f-string one by one.
        if token.type == tokenize.STRING or tokenize.tok_name[token.type].endswith("STRING_MIDDLE"):
            yield from range(token.start[0] + 1, token.end[0] + 1)


def _docstring_rows(tree: ast.Module) -> Iterator[int]:
    """Rows of docstrings, which may be indented with their code."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            yield from range(first.lineno + 1, (first.end_lineno or first.lineno) + 1)
