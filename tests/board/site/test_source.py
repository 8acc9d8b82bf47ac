"""Code is shown as it is, line by line; what would hide in it is spelled out."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.board.site.source import MAX_LINE, lines, read_evaluated, visible
from competition.solution import source_fingerprint

CODE = 'def f(x):\n    """Say <b>why</b>.\n\n    More.\n    """\n    return x + 1.5  # a & b\n'


def plain(html: str) -> str:
    parser = HTMLParser()
    found: list[str] = []
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(found)


def test_lines_are_those_of_the_file_and_each_closes_its_spans() -> None:
    made = lines(CODE)
    assert [plain(line) for line in made] == CODE.splitlines()
    assert all(line.count("<span") == line.count("</span>") for line in made)
    assert made[0] == '<span class="k">def </span><span class="f">f</span>(x):'
    assert '<span class="c"># a &amp; b</span>' in made[-1]


@given(st.text(alphabet=st.sampled_from("a#'\"\\ \n\r\t(<&\u202e\x1b\x00é"), max_size=60))
def test_any_text_is_shown_whole(text: str) -> None:
    assert "\n".join(plain(line) for line in lines(text)) == visible(text).removesuffix("\n")


def test_what_hides_is_spelled_out() -> None:
    assert visible("a\u202eb\x1b[0m\r\nc\rd\te") == "a⟨U+202E⟩b⟨U+001B⟩[0m\nc\nd   e"


def test_only_the_file_that_was_evaluated_is_shown(tmp_path) -> None:
    path = tmp_path / "entry.py"
    path.write_text(CODE)
    assert read_evaluated(path, source_fingerprint(CODE.encode())) == CODE
    assert read_evaluated(path, "0" * 16) is None
    link = tmp_path / "link.py"
    link.symlink_to(path)
    assert read_evaluated(link, source_fingerprint(CODE.encode())) is None
    assert read_evaluated(tmp_path / "none.py", "") is None


SLOW = {
    "a long number after a percent sign": 'X = "%' + "0" * 60_000 + '"\n',
    "two of them": 'X = "%' + "0" * 30_000 + "." + "0" * 30_000 + '!"\n',
    "blanks after match": "match" + " " * 60_000 + "x\n",
    "lines of one blank": "x = 1\n" + " \n" * 32_000,
    "brackets left open": 'x = """' + "{a[x][\n" * 9_000 + '"""\n',
    "lines as long as are coloured": 'x = """\n' + ("%" + "0" * (MAX_LINE - 1) + "\n") * 60 + '"""\n',
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_no_source_takes_long_to_colour(text: str) -> None:
    started = time.process_time()
    made = lines(text)
    assert time.process_time() - started < 8
    assert [plain(line) for line in made] == text.removesuffix("\n").split("\n")


def test_a_file_with_a_long_line_is_shown_plain_and_escaped() -> None:
    short, long = (lines(f"# <b>{'a' * (MAX_LINE - 5 + more)}\nx = 1\n") for more in (0, 1))
    assert "<span" in short[0]
    assert "<span" in short[1]
    assert long == [f"# &lt;b&gt;{'a' * (MAX_LINE - 4)}", "x = 1"]
