from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.render.story.packed import packed, packed_intervals, unpacked, unpacked_intervals

NUMBERS = st.floats(-1e7, 1e7) | st.sampled_from([np.nan, np.inf, -np.inf, -0.0])


def printed(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None


def test_a_number_takes_a_letter_for_each_five_bits():
    assert packed(np.array([0, 1, -1, 15, -15, 16, -16, 511, 512]), 0) == "ACDefgBhB+fggB"
    assert packed(np.array([]), 2) == ""


def test_what_is_missing_comes_back_as_none():
    rows = np.array([[1.0, 0.5, 1.5], [1.0, np.nan, 1.5], [1.0, 0.5, np.inf], [np.nan, np.nan, np.nan]])
    assert unpacked_intervals(packed_intervals(rows, 1), 1) == [
        [1.0, 0.5, 1.5],
        [1.0, None, None],
        [1.0, None, None],
        [None, None, None],
    ]


@pytest.mark.parametrize(("value", "text"), [(1.005, "1.00"), (2.675, "2.67"), (0.285, "0.28"), (1.115, "1.11")])
def test_halves_are_rounded_as_they_are_printed(value: float, text: str):
    assert f"{value:.2f}" == text
    assert unpacked(packed(np.array([value, -value]), 2), 2) == [float(text), -float(text)]


@given(st.lists(NUMBERS, max_size=20), st.integers(0, 4))
def test_numbers_come_back_as_they_are_printed(values: list[float], digits: int):
    assert unpacked(packed(np.array(values), digits), digits) == [printed(value, digits) for value in values]


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=8), st.integers(0, 3))
def test_intervals_come_back_as_they_are_printed(rows: list[tuple[float, float, float]], digits: int):
    expected = [[printed(number, digits) for number in row] for row in rows]
    expected = [row if None not in row else [row[0], None, None] for row in expected]
    assert unpacked_intervals(packed_intervals(np.array(rows).reshape(-1, 3), digits), digits) == expected
