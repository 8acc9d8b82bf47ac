"""The table that checks look at."""

import pytest

from competition.audit.table import formats


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("Ab-12", "Aa-9"),
        ("BERLIN", "A"),
        ("Ünal", "a"),
        ("мир x_7", "a a_9"),
        ("٣٤", "9"),
        ("2020-01-02T10:00", "9-9-9A9:9"),
    ],
)
def test_a_format_tells_no_letter_and_no_digit_of_a_text(text: str, mask: str) -> None:
    assert formats([text]) == [mask]
