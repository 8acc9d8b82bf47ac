"""A solution's header, written by a stranger, against the parsers that read it."""

import time

import pytest

from competition.errors import PodiumError
from competition.header import read_header

HOSTILE_HEADERS = {
    "brackets": "tags = " + "[" * 3_000,
    "tables": "x = " + "{a=" * 900,
    "digits": "disclosure = {a = " + "9" * 3_900 + "}",
    "version": 'requires-python = ">=' + "9" * 3_900 + '"',
    "parentheses": 'dependencies = ["numpy; ' + "(" * 3_000 + '"]',
    "long": "a" + ".a" * 20_000 + " = 1",
}


@pytest.mark.parametrize("line", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS)
def test_a_header_made_to_trip_a_parser_is_refused_in_one_line(line):
    header = f'# /// script\n# {line}\n# [tool.podium]\n# title = "t"\n# authors = ["a"]\n# ///\n'
    with pytest.raises(PodiumError) as refused:
        read_header(header, "small/trap.py")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_many_starts_of_a_header_take_no_time():
    text = "# /// script\n" * 4_900
    started = time.process_time()
    with pytest.raises(PodiumError, match="no header"):
        read_header(text, "small/starts.py")
    assert time.process_time() - started < 2


HEADER = '# /// script\n# [tool.podium]\n# title = "{title}"\n# authors = ["Ada L.", "{author}"]\n# ///\n'


@pytest.mark.parametrize(
    "text", [" ", "\u3164", "\u2800\u2800", "\u115f\u1160\uffa0", "\u200b\u202e", "\u00a0\u3000", "\u0301"]
)
@pytest.mark.parametrize("key", ["title", "author"])
def test_a_text_that_only_looks_empty_is_refused(key, text):
    header = HEADER.format(**{"title": "t", "author": "Bob", key: text})
    where = {"title": "title", "author": r"authors\.1"}[key]
    with pytest.raises(PodiumError, match=rf"^small/one\.py: header: {where}: has no visible character$"):
        read_header(header, "small/one.py")


@pytest.mark.parametrize("text", ["7", "é", "林", "한\u3164", "…", "🌲", "\u2801"])
def test_one_visible_character_is_a_title(text):
    metadata, _ = read_header(HEADER.format(title=text, author=text), "small/one.py")
    assert (metadata.title, metadata.authors) == (text, ("Ada L.", text))
