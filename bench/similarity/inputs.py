"""Checks of activations, logits and labels: every measure takes its input through here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError

FEWEST_IMAGES = 4

# HSIC sums fourth powers of activations. Those of numbers beyond 1e75, or below its inverse, leave the range of float64
# (1e308), and CKA would be 0/0 or a ratio of infinities. No float32 number lies that far out.
LARGEST = 1e75


def activations(values: ArrayLike, name: str = "activations") -> np.ndarray:
    """`values` as an (n, d) array, checked, in the precision it came in.

    float16 and float32 stay as they are; all other numbers become float64.

    Raises:
        InputError: `values` are not real numbers, not two-dimensional, without columns, not finite, or of fewer than 4
            rows.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: expected real numbers, not an array of {array.dtype}.")
    _two_dimensional(array, name)
    if array.dtype not in (np.float16, np.float32):
        with np.errstate(over="ignore"):  # wider floats may overflow to infinity, which is refused below
            array = array.astype(np.float64, copy=False)
    _finite(array, name)
    if len(array) < FEWEST_IMAGES:
        raise InputError(f"{name}: at least {FEWEST_IMAGES} images (rows) are needed, not {len(array)}.")
    return array


def pair_as_given(x: ArrayLike, y: ArrayLike, names: tuple[str, str] = ("x", "y")) -> tuple[np.ndarray, np.ndarray]:
    """Both sides, (n, d1) and (n, d2) of the same n images, unchanged in precision.

    Raises:
        InputError: one side is unusable, or they differ in n.
    """
    first, second = activations(x, names[0]), activations(y, names[1])
    same_images([first, second], names)
    return first, second


def pair(x: ArrayLike, y: ArrayLike, names: tuple[str, str] = ("x", "y")) -> tuple[np.ndarray, np.ndarray]:
    """`pair_as_given`, both sides as float64."""
    first, second = pair_as_given(x, y, names)
    return first.astype(np.float64, copy=False), second.astype(np.float64, copy=False)


def layers(values: Sequence[ArrayLike], name: str = "layers") -> list[np.ndarray]:
    """One (n, d_l) array per layer, checked, all of the same n images.

    Raises:
        InputError: there is no layer, one is unusable, or they differ in n.
    """
    if len(values) == 0:
        raise InputError(f"{name}: no layer to compare.")
    labels = [f"{name}[{index}]" for index in range(len(values))]
    arrays = [activations(value, label) for value, label in zip(values, labels)]
    same_images(arrays, labels)
    return arrays


def labels(values: ArrayLike, n: int, name: str = "labels") -> np.ndarray:
    """Class labels, (n,) int64.

    Raises:
        InputError: they are not one whole number per image, or one exceeds int64.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iub" or array.shape != (n,):
        raise InputError(f"{name}: expected one whole number an image, shape ({n},), not {array.dtype} {array.shape}.")
    if array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise InputError(f"{name}: {array.max()} is too large for a class.")
    return array.astype(np.int64, copy=False)


def same_images(arrays: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Raise InputError if arrays differ in their number of rows."""
    for array, name in zip(arrays, names):
        if len(array) != len(arrays[0]):
            raise InputError(
                f"{names[0]} has {len(arrays[0])} images (rows) and {name} {len(array)}: "
                "the same images, in the same order, are needed on both sides."
            )


def _two_dimensional(array: np.ndarray, name: str) -> None:
    if array.ndim == 4:
        raise InputError(
            f"{name}: expected shape (n, d), not the feature maps {array.shape} (n, C, H, W): "
            "pool them, x.mean((2, 3)), or flatten them, x.reshape(len(x), -1), and say which."
        )
    if array.ndim != 2:
        raise InputError(f"{name}: expected shape (n, d), one row per image, not {array.shape}.")
    if array.shape[1] == 0:
        raise InputError(f"{name}: expected at least one unit (column), not shape {array.shape}.")


def _finite(array: np.ndarray, name: str) -> None:
    # A finite sum shows that every number is finite; finite numbers may overflow to another, and are then looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        all_finite = np.isfinite(array.sum())
    bad = ~np.isfinite(array) if not all_finite else np.zeros(0, bool)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        count = int(bad.sum())
        are = "value is" if count == 1 else "values are"
        raise InputError(f"{name}: {count} {are} NaN or infinite, the first at row {row}, unit {column}.")
    if array.dtype == np.float64 and array.size:
        largest = max(float(array.max()), -float(array.min()))
        if largest > LARGEST or 0.0 < largest < 1.0 / LARGEST:
            raise InputError(
                f"{name}: the largest value is {largest:.2g}, and squares of such cannot be computed with; scale the "
                "activations to about 1 first."
            )
