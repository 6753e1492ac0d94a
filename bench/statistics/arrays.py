"""Checks of numbers that the functions of this package share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError

ROUNDING = 1e-12  # relative: differences below it are arithmetic, not data


def one_value_a_seed(values: ArrayLike, name: str) -> np.ndarray:
    """`values` as a float64 vector; a number that is not finite stands for a seed without a result.

    Raises:
        InputError: `values` is not a vector.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"{name}: expected one value per seed, shape (S,), not shape {array.shape}.")
    return array


def same_length(first: np.ndarray, second: np.ndarray, name: str) -> None:
    """Raise InputError if paired vectors differ in length."""
    if first.shape != second.shape:
        raise InputError(f"{name}: paired values must have one shape, not {first.shape} and {second.shape}.")


def fraction(value: float, name: str) -> float:
    """`value`, checked to lie strictly between 0 and 1 (alpha, power, confidence)."""
    if not 0.0 < value < 1.0:
        raise InputError(f"{name}: expected a number between 0 and 1, not {value!r}.")
    return float(value)


def positive(value: float, name: str) -> float:
    """`value`, checked to be finite and above 0 (margins, standard deviations)."""
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(f"{name}: expected a number above 0, not {value!r}.")
    return float(value)


# 0.9 - 0.8999999999999999 is 1e-16: nothing, but every seed of it would have the same sign, which a test of signs calls
# significant and a t test divides by a spread of the same 1e-16. Only the numbers that were subtracted tell that it is
# rounding: means over seeds and images carry an error of some ulps of themselves, for which ROUNDING (4,500 ulps)
# leaves room, for sums of a million terms.
def difference(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """first - second, exactly 0 where the two are equal up to rounding.

    >>> difference([0.3, 0.3], [0.1 + 0.2, 0.3 - 1e-9]).round(12).tolist()
    [0.0, 1e-09]
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        left = a - b
        return np.where(np.abs(left) < ROUNDING * np.maximum(np.abs(a), np.abs(b)), 0.0, left)


def tied(rows: ArrayLike) -> np.ndarray:
    """Rows in which values equal up to rounding of the row's largest are one number, the smallest, so that ranks tie.

    >>> tied([[0.3, 0.1 + 0.2, 0.2]]).tolist()
    [[0.3, 0.3, 0.2]]
    """
    # The largest tells how large rounding is: 0 and 1e-17 are one mean where others are near 1.
    table = np.atleast_2d(np.array(rows, dtype=np.float64))
    for row in table:
        floor = ROUNDING * np.abs(row).max(initial=0.0)
        order = np.argsort(row, kind="stable")
        for lower, upper in pairwise(order):
            if row[upper] - row[lower] <= floor:
                row[upper] = row[lower]
    return table


def all_identical(values: np.ndarray) -> bool:
    """Whether all values are one number, up to floating-point rounding."""
    # Equal differences of accuracies come out as 0.01 and 0.010000000000000009. Their spread is rounding, and t in its
    # units would give a p of 1e-40 out of nothing.
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())


def joined(*sentences: str) -> str:
    """The sentences that are not empty, separated by spaces."""
    return " ".join(sentence for sentence in sentences if sentence)
