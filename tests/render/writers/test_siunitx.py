from __future__ import annotations

import pytest

from bench.render.kit.table import Text
from bench.render.writers.siunitx import Number, Numbers, points


@pytest.mark.parametrize(
    ("main", "plain"),
    [("0.25", "0.25"), ("−1,234.5", "-1234.5"), ("+3", "+3"), ("<0.001", "0.001"), ("177,711,812", "177711812")],
)
def test_a_number_is_read_as_siunitx_wants_it(main: str, plain: str):
    found = Number.read(Text(main))
    assert found is not None
    assert found.plain == plain


@pytest.mark.parametrize("text", [Text("yes"), Text("1.2.3"), Text(""), Text("12", hole=True)])
def test_what_is_no_number_is_told_apart(text: Text):
    assert Number.read(text) is None


def test_a_column_has_room_for_its_widest_parts():
    texts = [Text("−12.34", "± 0.3", "*"), Text("1,234.50", "± 12.3", "***"), Text("<0.10")]
    made = Numbers.of([number for text in texts if (number := Number.read(text))])
    assert made is not None
    assert made.specification == r"S[table-format=+4.2,table-space-text-pre={\textless{}}]@{}l"
    assert made.width >= points("<−1,234.50 ± 12.3***") - 1


def test_numbers_with_nothing_behind_them_are_flush_right():
    made = Numbers.of([number for main in ("0.5", "12.5") if (number := Number.read(Text(main)))])
    assert made is not None
    assert not made.ragged
    assert made.specification == "r"
    assert Numbers.of([]) is None
