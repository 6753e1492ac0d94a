from __future__ import annotations

from typing import Any

import pytest

from bench.render.kit.table import Column, Datum
from bench.render.writers.siunitx import Number, points, widest

Cell = tuple[Datum, Column[Any]]


def shown(value: float, digits: int, *, signed: bool = False, half: float | None = None, stars: str = "") -> Cell:
    low, high = (None, None) if half is None else (value - half, value + half)
    return Datum(value, low, high, stars), Column("x", "X", "estimate", "", float, digits=digits, signed=signed)


P = Column("p", "p", "p", "", float)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (shown(0.25, 2), "0.25"),
        (shown(-1234.5, 1), "-1234.5"),
        (shown(3, 0, signed=True), "+3"),
        ((Datum(0.00001), P), "0.001"),
        ((Datum(1.0), P), "1"),
        (shown(177_711_812, 0), "177711812"),
        (shown(-0.0001, 2), "0.00"),
        (shown(0.0004, 3, signed=True), "0.000"),
        ((Datum(0.9996), P), "1"),
        ((Datum(0.0312), P), "0.031"),
    ],
)
def test_a_number_is_written_as_siunitx_parses_it(cell: Cell, plain: str):
    number = Number.of(*cell)
    assert number is not None
    assert number.plain == plain


@pytest.mark.parametrize(
    "cell", [Datum("yes"), Datum("12"), Datum(True), Datum(""), Datum(hole="12"), Datum(float("inf"))]
)
def test_text_holes_and_infinity_are_no_numbers(cell: Datum):
    assert Number.of(cell, P) is None


def test_a_column_has_room_for_its_widest_parts():
    cells = [shown(-12.34, 2, half=0.3, stars="*"), shown(1234.5, 2, half=12.3, stars="***"), (Datum(0.0001), P)]
    column = widest([number for cell in cells if (number := Number.of(*cell))])
    assert column is not None
    assert column.specification == r"S[table-format=+4.3,table-space-text-pre={\textless{}}]@{}l"
    assert column.width >= points("<−1,234.500 ± 12.30***") - 1


def test_numbers_with_nothing_behind_them_are_flush_right():
    column = widest([number for value in (0.5, 12.5) if (number := Number.of(*shown(value, 1)))])
    assert column is not None
    assert not column.ragged
    assert column.specification == "r"
    assert widest([]) is None
