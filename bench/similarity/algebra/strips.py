"""Rows of n × n matrices a strip at a time, so that temporaries stay small beside the matrix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

NUMBERS_AT_ONCE = 2**22  # 32 MiB
TALLEST = 256  # rows; of a symmetric matrix half is computed, and short strips waste less beside the diagonal


def strips(n: int) -> Iterator[slice]:
    """Slices that cover n rows of n numbers, in order.

    >>> [(strip.start, strip.stop) for strip in strips(600)]
    [(0, 256), (256, 512), (512, 600)]
    """
    height = max(1, min(TALLEST, NUMBERS_AT_ONCE // max(n, 1)))
    for start in range(0, n, height):
        yield slice(start, min(start + height, n))


def upper_triangle(matrix: np.ndarray) -> np.ndarray:
    """The entries above the diagonal, row by row: (n(n-1)/2,)."""
    n = len(matrix)
    above = np.empty(n * (n - 1) // 2, matrix.dtype)
    start = 0
    for row in range(n - 1):  # index arrays for all of them would take four times the room
        stop = start + n - 1 - row
        above[start:stop] = matrix[row, row + 1 :]
        start = stop
    return above


def block(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows and columns of some images."""
    return matrix[np.ix_(rows, rows)]


def marks(subsets: np.ndarray, n: int) -> np.ndarray:
    """Subsets of n images (R, kept) as columns of 0 and 1, (n, R) float64."""
    columns = np.zeros((n, len(subsets)))
    np.put_along_axis(columns, np.asarray(subsets).T, 1.0, axis=0)
    return columns
