"""Rows of numbers as short text, which the story's script reads back digit for digit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
MORE = 32  # on a letter that is not the last of its number
MISSING = 1  # minus zero
_CODES = np.frombuffer(LETTERS.encode(), np.uint8)
_TIE = 1e-6  # nearer to a half than this, a product with a power of ten may have been rounded to the wrong side

Number = float | None


def packed(values: np.ndarray, digits: int) -> str:
    """Numbers, rounded as they are printed, as Base64 VLQ; not finite ones are missing.

    >>> packed(np.array([0.0, -0.01, 0.16, np.nan]), 2)
    'ADgBB'
    """
    return _text(_whole(values, digits))


def packed_intervals(rows: np.ndarray, digits: int) -> str:
    """(..., 3) values with their lower and upper ends; without one end both are missing.

    >>> packed_intervals(np.array([[1.0, -0.5, 2.6]]), 1)
    'UeC'
    """
    # Each row is the value, its distance to the lower end, and how much further the upper end lies: most intervals
    # are symmetric up to rounding, so that the last is one letter.
    value, low, high = np.moveaxis(_whole(rows, digits), -1, 0)
    reach, slant = value - low, high + low - 2 * value
    ends = np.isfinite(reach) & np.isfinite(slant)
    return _text(np.stack([value, *(np.where(ends, end, np.nan) for end in (reach, slant))], axis=-1))


def unpacked(text: str, digits: int) -> list[Number]:
    """What `packed` wrote.

    >>> unpacked("ADgBB", 2)
    [0.0, -0.01, 0.16, None]
    """
    return [_scaled(number, digits) for number in _numbers(text)]


def unpacked_intervals(text: str, digits: int) -> list[list[Number]]:
    """What `packed_intervals` wrote.

    >>> unpacked_intervals("UeC", 1)
    [[1.0, -0.5, 2.6]]
    """
    numbers = _numbers(text)
    return [_interval(numbers[start : start + 3], digits) for start in range(0, len(numbers), 3)]


def _interval(row: Sequence[int | None], digits: int) -> list[Number]:
    value, reach, slant = row
    if value is None or reach is None or slant is None:
        return [_scaled(value, digits), None, None]
    return [_scaled(number, digits) for number in (value, value - reach, value + reach + slant)]


def _scaled(number: int | None, digits: int) -> Number:
    return None if number is None else number / 10**digits


def _whole(values: np.ndarray, digits: int) -> np.ndarray:
    """Numbers in units of the last digit that is printed."""
    scaled = np.asarray(values, np.float64) * 10**digits
    scaled = np.where(np.isfinite(scaled), scaled, np.nan)
    whole = np.rint(scaled)
    for place in np.argwhere(np.abs(np.abs(scaled - whole) - 0.5) < _TIE).tolist():
        whole[tuple(place)] = round(10**digits * round(float(values[tuple(place)]), digits))
    return whole


def _text(numbers: np.ndarray) -> str:
    """Base64 VLQ, as source maps have it."""
    # A number's lowest bit is its sign. Five bits make a letter, from the lowest; the sixth says that more follow.
    flat = numbers.ravel()
    present = np.isfinite(flat)
    whole = np.where(present, flat, 0).astype(np.int64)
    rest = np.where(present, 2 * np.abs(whole) + (whole < 0), MISSING)
    columns: list[np.ndarray] = []
    written: list[np.ndarray] = []
    while not columns or rest.any():
        written.append(np.ones_like(rest, bool) if not columns else rest > 0)
        columns.append(rest % MORE + MORE * (rest >= MORE))
        rest = rest // MORE
    letters = _CODES[np.stack(columns, axis=-1)]
    return letters[np.stack(written, axis=-1)].tobytes().decode()


def _numbers(text: str) -> list[int | None]:
    numbers: list[int | None] = []
    number, place = 0, 1
    for digit in map(LETTERS.index, text):
        number += digit % MORE * place
        place *= MORE
        if digit < MORE:
            numbers.append(None if number == MISSING else -(number // 2) if number % 2 else number // 2)
            number, place = 0, 1
    return numbers
