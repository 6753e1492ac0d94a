from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.render.kit.table import Column, Datum, decimal, estimate, number, p_value, show, tabulate
from bench.render.writers.siunitx import Number
from bench.statistics.estimate import Estimate

NUMBER = Column("x", "X", "number", "A number.", float, digits=1)
SHARE = Column("x", "X", "estimate", "A share.", float, "%", 2)


def found(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 6, "seed", "t over seeds")


def test_an_estimate_is_printed_with_half_its_interval_or_both_ends():
    cell = estimate(found(0.975, 0.97, 0.98), 100, stars="**")
    text = show(cell, SHARE)
    assert (text.main, text.interval, text.stars) == ("97.50", "± 0.50", "**")
    ends = Column("x", "X", "estimate", "A share.", float, "%", 1, signed=True, ends=True)
    assert show(cell, ends).interval == "[+97.0, +98.0]"


def test_an_interval_alone_leaves_its_value_to_another_column():
    alone = Column("x", "X", "estimate", "Ends.", float, "%", 1, signed=True, ends=True, alone=True)
    cell = estimate(found(0.975, 0.97, 0.98), 100)
    assert show(cell, alone).plain == "[+97.0, +98.0]"
    assert show(cell, alone).sort == pytest.approx(97.5)
    assert show(Datum(97.5), alone).plain == "–"
    assert Number.of(cell, alone) is None


def test_one_seed_has_a_value_and_no_interval():
    text = show(estimate(found(0.5, math.nan, math.nan), 100), SHARE)
    assert (text.main, text.interval) == ("50.00", "")


def test_what_is_not_there_says_why():
    assert show(estimate(found(math.nan, math.nan, math.nan), hole="refused"), SHARE).main == "refused"
    assert show(number(None), NUMBER).main == "missing"
    assert show(number(math.nan, hole="failed"), NUMBER).main == "failed"
    assert show(Datum(), NUMBER).main == "–"
    assert show(Datum(), NUMBER).hole


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.05, "0.050"), (0.0009999, "<0.001"), (0.001, "0.001"), (1.0, "1"), (0.9994, "0.999"), (0.0, "<0.001")],
)
def test_p_values_as_journals_print_them(value: float, text: str):
    assert p_value(value) == text


def test_zero_has_no_sign():
    assert decimal(-0.004, 2, signed=True) == "0.00"
    assert decimal(-0.006, 2, signed=True) == "−0.01"


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_a_printed_number_is_the_number_rounded(value: float, digits: int):
    text = decimal(value, digits).replace("−", "-").replace(",", "")
    assert float(text) == pytest.approx(value, abs=0.5001 * 10**-digits, rel=1e-12)


def test_a_column_asks_the_subject_and_prints_in_its_own_unit():
    share = Column("x", "X", "number", "A share.", lambda text: float(text), "%", scale=100)
    assert share.datum("0.25").value == 25
    assert share.datum("nan") == Datum(hole="–")
    assert Column("x", "X", "text", "A word.", str.upper).datum("a") == Datum("A")
    assert Column("x", "X", "number", "Missing.", lambda _: None).datum("a") == Datum(hole="–")
    assert Column("x", "X", "text", "No word.", lambda _: None).datum("a") == Datum()
    made = Datum(1, note="as it is")
    assert Column("x", "X", "number", "As made.", lambda _: made, scale=100).datum("a") == made


@dataclass(frozen=True)
class Refused:
    value: float
    role: str = "control"
    about: tuple[tuple[str, str], ...] = (("model", "resnet8"),)
    hole: str = "refused"


def test_a_subject_says_why_it_has_no_number_and_what_sets_it_apart():
    column = Column("x", "X", "estimate", "A share.", lambda row: found(row.value, row.value, row.value))
    assert column.datum(Refused(math.nan)) == Datum(hole="refused")
    table = tabulate("t", "T", "", [column], {"": [Refused(1.0)]})
    assert table is not None
    (row,) = table.rows
    assert (row["x"].value, row.role, row.about) == (1.0, "control", (("model", "resnet8"),))


def test_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match="table 't': several columns are called x"):
        tabulate("t", "T", "", [NUMBER, SHARE], {"": [1.0]})


def test_groups_without_a_subject_are_left_out_and_so_is_a_table_without_any():
    table = tabulate("t", "T", "", [NUMBER], {"none": [], "some": [1, 2]})
    assert table is not None
    assert [group.title for group in table.groups] == ["some"]
    assert table.size == 2
    assert tabulate("t", "T", "", [NUMBER], {"none": []}) is None
    empty = tabulate("t", "T", "", [NUMBER], {}, empty="There is none.")
    assert empty is not None
    assert empty.empty == "There is none."


def test_at_most_eight_columns_are_printed_and_the_others_are_offered():
    columns = [Column(f"c{place}", "C", "number", "A number.", float, spare=place == 1) for place in range(12)]
    hidden = Column("hidden", "H", "number", "In the data files.", float, shown=False)
    table = tabulate("t", "T", "", [*columns, hidden], {"": [1.0]})
    assert table is not None
    assert [column.key for column in table.shown] == ["c0", *(f"c{place}" for place in range(2, 9))]
    assert [column.key for column in table.offered] == [f"c{place}" for place in range(12)]


def test_a_column_without_anything_is_not_offered():
    empty = Column("e", "E", "number", "Nothing.", lambda _: Datum())
    failed = Column("f", "F", "number", "A reason.", lambda _: Datum(hole="failed"))
    table = tabulate("t", "T", "", [NUMBER, empty, failed], {"": [1.0, 2.0]})
    assert table is not None
    assert [column.key for column in table.shown] == ["x", "f"]


def test_what_says_more_than_a_number_is_printed_instead():
    datum = Datum(98.33, 98.33, 98.33, instead="589 of 599 in all 6 seeds")
    text = show(datum, SHARE)
    assert text.plain == "589 of 599 in all 6 seeds"
    assert text.sort == 98.33
    assert Number.of(datum, SHARE) is None
