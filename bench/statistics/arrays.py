"""Checks of numbers that the functions of this package share."""

from __future__ import annotations

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
        raise InputError(f"{name}: expected one value a seed, shape (S,), not shape {array.shape}.")
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


def all_identical(values: np.ndarray) -> bool:
    """Whether all values are one number, up to floating-point rounding."""
    # Equal differences of accuracies come out as 0.01 and 0.010000000000000009. Their spread is rounding, and t in its
    # units would give a p of 1e-40 out of nothing.
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())


def joined(*sentences: str) -> str:
    """The sentences that are not empty, separated by spaces."""
    return " ".join(sentence for sentence in sentences if sentence)
