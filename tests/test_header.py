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
