from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.render.kit.table import Column, Datum, Group, Row, Table, decimal, estimate, number, p_value, show
from bench.statistics.estimate import Estimate

NUMBER = Column("x", "X", "number", "A number.", digits=1)
SHARE = Column("x", "X", "estimate", "A share.", "%", 2)


def found(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 6, "seed", "t over seeds")


def test_an_estimate_is_printed_with_half_its_interval_or_both_ends():
    cell = estimate(found(0.975, 0.97, 0.98), 100, stars="**")
    text = show(cell, SHARE)
    assert (text.main, text.interval, text.stars) == ("97.50", "± 0.50", "**")
    ends = Column("x", "X", "estimate", "A share.", "%", 1, signed=True, ends=True)
    assert show(cell, ends).interval == "[+97.0, +98.0]"


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


def test_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="table 'results': 2 cells for 1 columns"):
        Table("results", "Results", "", (NUMBER,), (Group("", (Row((Datum(1), Datum(2))),)),))
