"""Solutions are found and read as text; a broken one is told in one line and nothing of it runs."""

import warnings

import pytest

from competition.definition import Competition
from competition.errors import PodiumError
from competition.packages import installed_version
from competition.repository import Repository
from competition.results import SolutionCard
from competition.solution import MAX_BYTES, choose_solutions, find_solutions, read_solution

HEADER = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1", "scikit-learn"]
# [tool.podium]
# title = "A title"
# authors = ["Ada L.", "Bob"]
# tags = ["gradient-boosting"]
# disclosure = { external-data = false }
# columns = ["timestamp"]
# ///
"""
FACTORY = "def make_estimator(random_state, n_threads):\n    return None\n"
GOOD = f'''{HEADER}"""Why it should work.

In two lines.
"""

import numpy as np
from sklearn.ensemble import X


{FACTORY}'''


@pytest.fixture
def read(tmp_path):
    """Write a text and read it as a solution."""

    def call(text, name="mine.py"):
        path = tmp_path / "solutions" / "small-binary" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with warnings.catch_warnings(action="error"):
            return read_solution(path)

    return call


@pytest.fixture
def refused(read):
    """Message for a broken solution."""

    def call(text, name="mine.py"):
        with pytest.raises(PodiumError) as caught:
            read(text, name)
        message = str(caught.value)
        assert message.startswith(f"small-binary/{name}: ")
        assert "\n" not in message
        return message.split(": ", 1)[1]

    return call


def test_what_is_read(read):
    solution = read(GOOD)
    assert (solution.name, solution.origin) == ("mine", "small-binary")
    assert solution.file == "solutions/small-binary/mine.py"
    assert solution.metadata.title == "A title"
    assert solution.metadata.authors == ("Ada L.", "Bob")
    assert solution.metadata.columns == ("timestamp",)
    assert solution.docstring == "Why it should work.\n\nIn two lines."
    assert solution.imports == ("numpy", "sklearn.ensemble")
    assert [str(requirement) for requirement in solution.requirements] == ["numpy>=1", "scikit-learn"]
    assert solution.unmet == []


IMPORTS = """
import typing
from typing import TYPE_CHECKING

from . import neighbour
from .. import other as renamed

if TYPE_CHECKING:
    import for_checkers
    if True:
        import for_checkers_too
else:
    import otherwise
if typing.TYPE_CHECKING:
    from for_checkers import more

try:
    import tried.part
except ImportError:
    import instead


class Model:
    import in_a_class

    async def fit(self, X, y):
        with open("x"):
            match X:
                case None:
                    from in_a_method.deeper import thing
        return lambda: thing
"""


def test_an_import_counts_wherever_it_stands(read):
    anywhere = {"in_a_class", "in_a_method.deeper", "instead", "otherwise", "tried.part", "typing"}
    assert set(read(GOOD + IMPORTS).imports) == {"numpy", "sklearn.ensemble"} | anywhere


def test_nothing_runs(read, tmp_path):
    marker = tmp_path / "ran"
    read(f"{GOOD}open({str(marker)!r}, 'w').close()\nraise SystemExit\n")
    assert not marker.exists()


def test_the_fingerprint_is_of_the_text(read):
    assert read(GOOD).fingerprint == read(GOOD, "other.py").fingerprint
    assert read(GOOD).fingerprint != read(GOOD + "\n").fingerprint


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(GOOD.replace(FACTORY, "make_estimator = lambda random_state, n_threads: None\n"), id="lambda"),
        pytest.param(GOOD.replace("random_state, n_threads", "random_state: int, n_threads: int = 1"), id="annotated"),
        pytest.param(GOOD.replace("random_state, n_threads", "*, random_state, n_threads"), id="keywords"),
        pytest.param("#!/usr/bin/env python\n" + GOOD, id="shebang"),
        pytest.param(GOOD.replace("A title", "Título ñ"), id="other letters"),
        pytest.param(GOOD + "'\\d'\n", id="odd escape"),
    ],
)
def test_forms_that_are_fine(read, text):
    assert read(text).metadata.authors == ("Ada L.", "Bob")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # the file
        pytest.param(GOOD + "#" * MAX_BYTES, "bytes; a solution has at most 65,536", id="oversized"),
        pytest.param(GOOD.replace("Ada", "\xda").encode("latin-1"), "not UTF-8 text", id="latin-1"),
        pytest.param(GOOD + "\0", "syntax error", id="null byte"),
        pytest.param(GOOD + "def f(:\n", "syntax error in line 22", id="syntax error"),
        pytest.param(GOOD + "x = " + "-" * 60_000 + "1\n", "syntax error", id="too deep"),
        pytest.param(GOOD + "x = " + "(" * 1000 + ")" * 1000, "syntax error", id="too many parentheses"),
        pytest.param("", "has no function make_estimator(random_state, n_threads)", id="empty"),
        # the factory
        pytest.param(GOOD.replace("make_estimator", "make"), "has no function make_estimator", id="no factory"),
        pytest.param(GOOD.replace("def make", "class A:\n  def make"), "has no function", id="factory in a class"),
        pytest.param(
            GOOD.replace("(random_state, n_threads)", "(seed)"),
            "make_estimator takes (seed); allowed: (random_state, n_threads)",
            id="other arguments",
        ),
        # the header
        pytest.param(GOOD.replace(HEADER, ""), "no header (# /// script ... # ///); see `podium new", id="no header"),
        pytest.param(HEADER + "\n" + GOOD, "more than one header", id="two headers"),
        pytest.param(GOOD.replace("# ///\n", ""), "no header", id="open header"),
        pytest.param(GOOD.replace('title = "A title"', "title = A"), "the header is not valid TOML", id="no TOML"),
        pytest.param(GOOD.replace("dependencies", "dependancies"), "did you mean 'dependencies'?", id="unknown key"),
        pytest.param(GOOD.replace("# tags", "# tag"), "header: unknown key 'tag'; did you mean 'tags'?", id="misspelt"),
        pytest.param(GOOD.replace("[tool.podium]", "[tool.uv]"), "needs one table [tool.podium]", id="another tool"),
        pytest.param(
            GOOD.replace("[tool.podium]", "[tool.uv]\n# [tool.podium]"), "no other tool's", id="a second tool"
        ),
        pytest.param(GOOD.replace("# [tool.podium]\n", "# [tool]\n# podium = 3\n# [x]\n"), "unknown key 'x'", id="x"),
        pytest.param(_minimal := f"# /// script\n# tool = 3\n# ///\n{FACTORY}", "[tool.podium]", id="tool is no table"),
        pytest.param(_minimal.replace("tool", "tool.podium"), "[tool.podium]", id="podium is no table"),
        pytest.param(_minimal.replace("tool = 3", ""), "[tool.podium]", id="empty header"),
        pytest.param(GOOD.replace('# title = "A title"\n', ""), "header: title: field required", id="no title"),
        pytest.param(GOOD.replace('"A title"', '""'), "header: title: string should have at least 1", id="empty title"),
        pytest.param(GOOD.replace("A title", "x" * 121), "header: title: string should have at most 120", id="long"),
        pytest.param(GOOD.replace('["Ada L.", "Bob"]', "[]"), "header: authors: ", id="nobody"),
        pytest.param(GOOD.replace('["Ada L.", "Bob"]', '"Ada"'), "header: authors: ", id="author as text"),
        pytest.param(GOOD.replace('["gradient-boosting"]', '["A B"]'), "header: tags.0: ", id="tag with a space"),
        pytest.param(GOOD.replace("data = false", 'data = "maybe"'), "header: disclosure.", id="undecided"),
        # dependencies
        pytest.param(GOOD.replace("numpy>=1", "numpy @ https://x.org/a.whl"), "has a URL, extras or", id="URL"),
        pytest.param(GOOD.replace("numpy>=1", "dask[array]"), "'dask[array]' has a URL, extras or a", id="extras"),
        pytest.param(GOOD.replace("numpy>=1", "numpy; os_name == 'nt'"), "has a URL, extras or", id="marker"),
        pytest.param(GOOD.replace("numpy>=1", "git+https://x.org/a"), "is no dependency; allowed: names", id="git"),
        pytest.param(GOOD.replace("numpy>=1", "--index-url x"), "is no dependency", id="option"),
        pytest.param(GOOD.replace('"numpy>=1"', "3"), "'3' is no dependency", id="number"),
        pytest.param(GOOD.replace('["numpy>=1", "scikit-learn"]', '"numpy"'), "dependencies must be a list", id="text"),
    ],
)
def test_a_mistake_gives_one_line(refused, text, message):
    assert message in refused(text)


@pytest.mark.parametrize("name", ["Mine.py", "my-solution.py", "1st.py", "a b.py", "ñ.py"])
def test_file_names(refused, name):
    assert refused(GOOD, name) == "a solution's file name is at most 100 lower-case letters, digits and underscores"


@pytest.mark.parametrize("length", [1, 99, 100, 101, 250])
def test_a_name_is_as_long_as_a_result_can_carry(read, refused, length):
    name = "a" * length
    if length > 100:
        assert "at most 100" in refused(GOOD, f"{name}.py")
        return
    card = SolutionCard(
        name=read(GOOD, f"{name}.py").name, origin="x", title="t", authors=(), tags=(), disclosure={}, docstring=""
    )
    assert card.name == name


# --- requirements ---


def test_unmet_requirements(read):
    text = GOOD.replace('"numpy>=1", "scikit-learn"', '"numpy>=999", "no-such-thing-anywhere", "Scikit_Learn>=1"')
    assert read(text).unmet == ["numpy>=999", "no-such-thing-anywhere"]


def test_xgboost_is_met_by_xgboost_cpu():
    assert installed_version("xgboost") is not None
    assert installed_version("no-such-thing-anywhere") is None


# --- the solutions of a competition ---


@pytest.fixture
def borrower(tmp_path, make_rules, write_solution):
    """A competition that borrows from another one."""
    for slug, name in (("small-binary", "own"), ("small-binary", "both"), ("lender", "both"), ("lender", "theirs")):
        write_solution(tmp_path, name, FACTORY, slug=slug)
    write_solution(tmp_path, "needs_time", FACTORY, slug="lender", header=HEADER)
    definition = Competition.model_validate(make_rules(solutions={"borrow": ["lender"]}))
    return Repository(tmp_path), definition


def test_borrowed_solutions_need_their_columns(borrower):
    assert list(find_solutions(*borrower, ["x"])) == ["both", "own", "theirs"]
    assert list(find_solutions(*borrower, ["x", "timestamp"])) == ["both", "needs_time", "own", "theirs"]
    assert "needs_time" in find_solutions(*borrower, [])


def test_an_own_solution_hides_a_borrowed_one(borrower):
    origins = {solution.name: solution.origin for solution in choose_solutions(*borrower, ["x"], [])}
    assert origins == {"both": "small-binary", "own": "small-binary", "theirs": "lender"}


@pytest.mark.parametrize("name", ["own", "own.py", "solutions/small-binary/own.py"])
def test_a_solution_is_chosen_by_name_or_file(borrower, name):
    assert [solution.name for solution in choose_solutions(*borrower, ["x"], [name])] == ["own"]


def test_a_solution_named_twice_is_chosen_once(borrower):
    chosen = choose_solutions(*borrower, ["x"], ["theirs", "own", "own.py"])
    assert [solution.name for solution in chosen] == ["theirs", "own"]


def test_an_unknown_solution_is_told_with_the_nearest(borrower):
    with pytest.raises(PodiumError, match="there is no solution 'their' for 'small-binary'; did you mean 'theirs'"):
        choose_solutions(*borrower, ["x"], ["their"])


def test_no_solutions(tmp_path, small_definition):
    with pytest.raises(PodiumError, match=r"'small-binary' has no solutions; `podium new solution small-binary/NAME`"):
        choose_solutions(Repository(tmp_path), small_definition, [], [])


def test_no_lender(tmp_path, make_rules):
    definition = Competition.model_validate(make_rules(solutions={"borrow": ["nobody"]}))
    with pytest.raises(PodiumError, match=r"solutions\.borrow: there is no folder .*nobody"):
        find_solutions(Repository(tmp_path), definition, [])


def test_a_broken_borrowed_file_is_listed_and_told_when_chosen(borrower):
    repository, definition = borrower
    (repository.root / "solutions" / "lender" / "broken.py").write_text("(")
    assert "broken" in find_solutions(repository, definition, ["x"])
    assert len(choose_solutions(repository, definition, ["x"], ["own"])) == 1
    with pytest.raises(PodiumError, match=r"lender/broken\.py: syntax error"):
        choose_solutions(repository, definition, ["x"], ["broken"])


def test_what_is_no_plain_file_is_refused(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "folder.py").mkdir()
    (folder / "dangling.py").symlink_to("nowhere")
    (folder / "endless.py").symlink_to("/dev/zero")
    for name in ("folder", "dangling", "endless"):
        with pytest.raises(PodiumError, match="is no plain file"):
            read_solution(folder / f"{name}.py")
