"""Grids that count from a lowest weight: steps and codes behind the few values of a channel or a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from bench.footprint.representation import OffsetInteger
from bench.footprint.representation.offset_integer import Rounding, on_grid

FURTHEST = 255  # steps from the lowest value on a grid of 8 bits
PROBED = 4  # rows that show whether a tensor lies on a grid at all
CANDIDATES = 33  # steps to try between the bounds that a row's weights put on it


def from_lowest(rows: np.ndarray, words: Sequence[np.ndarray], shape: tuple[int, ...]) -> OffsetInteger | None:
    """Codes times, or divided by, a float32 number, plus the lowest weight of each row; None if some row has none such.

    Args:
        rows: (grids, m) float32: of a channel each, or of the whole tensor.
        words: the different values of each row, ascending.
        shape: of the tensor.
    """
    longest = max(map(len, words))
    if longest > FURTHEST + 1:
        return None
    # rows of one width: the highest value stands for those that a row lacks
    table = np.stack([np.pad(own, (0, longest - len(own)), mode="edge") for own in words])
    hardest = np.argsort([-len(own) for own in words], kind="stable")[:PROBED]
    best: OffsetInteger | None = None
    for rounding in get_args(Rounding):
        if _grids(table[hardest], rounding) is None or (grids := _grids(table, rounding)) is None:
            continue
        counts, scales = grids
        bits = max(int(counts.max()).bit_length(), 1)
        # another rounding than the grid's own may succeed too, with a finer step and more bits
        if best is None or bits < best.bits:
            codes = [count[np.searchsorted(own, row)] for count, own, row in zip(counts, words, rows, strict=True)]
            best = OffsetInteger(np.stack(codes).reshape(shape), scales, table[:, 0], bits, rounding)
    return best


def _grids(table: np.ndarray, rounding: Rounding) -> tuple[np.ndarray, np.ndarray] | None:
    """Codes (grids, k) int64 and a float32 step per row that give `table` (grids, k) bit for bit; None if none do."""
    # Two neighbours are a whole number of steps apart, most often one: the smallest distance, divided by 1, 2, ..., is
    # the step. That distance is only known to an ulp of the weights, which the furthest weight shares among up to 255
    # steps; between the two estimates no code is in doubt.
    above = table.astype(np.float64) - table[:, :1]
    between = np.diff(above, axis=1)
    nearest = np.where(between > 0, between, np.inf).min(1, initial=np.inf)
    counts, scales = np.zeros(table.shape, np.int64), np.ones(len(table), np.float32)
    left = np.flatnonzero(np.isfinite(nearest))  # any step will do where all weights are the same
    for count in range(1, FURTHEST + 1):
        left = left[above[left, -1] * count <= (FURTHEST + 0.5) * nearest[left]]
        if not left.size:
            break
        found, codes, steps = _with_step(table[left], above[left], nearest[left] / count, rounding)
        counts[left[found]], scales[left[found]] = codes[found], steps[found]
        left = left[~found]
    unsolved = np.isfinite(nearest) & ~(counts[:, -1] > 0)
    return None if unsolved.any() else (counts, scales)


def _with_step(
    table: np.ndarray, above: np.ndarray, estimate: np.ndarray, rounding: Rounding
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rows (n,) lie on a grid with about this step, their codes (n, k), and the float32 steps (n,)."""
    codes = np.rint(above / (above[:, -1] / np.rint(above[:, -1] / estimate))[:, None]).astype(np.int64)
    # Every weight bounds the step: a code times it may be off by the rounding of the product and of the sum, each half
    # an ulp.
    slack = (_ulp(np.abs(table)) + _ulp(above)) / 2
    divisor = np.maximum(codes, 1)
    least = np.where(codes > 0, (above - slack) / divisor, -np.inf).max(1)
    most = np.where(codes > 0, (above + slack) / divisor, np.inf).min(1)
    found, steps = np.zeros(len(table), bool), np.ones(len(table), np.float32)
    left = np.flatnonzero((least <= most) & np.isfinite(most) & (codes[:, -1] <= FURTHEST))
    for share in sorted(np.linspace(0, 1, CANDIDATES), key=lambda share: abs(share - 0.5)):
        if not left.size:
            break
        with np.errstate(all="ignore"):  # steps at the ends of float32 fit nothing
            step = (1 - share) * least[left] + share * most[left]
            candidate = (1 / step if rounding == "divide" else step).astype(np.float32)
        same = (on_grid(codes[left], candidate[:, None], table[left, :1], rounding) == table[left]).all(1)
        found[left[same]], steps[left[same]] = True, candidate[same]
        left = left[~same]
    return found, codes, steps


def _ulp(values: np.ndarray) -> np.ndarray:
    """The distance of float32 numbers about positive values, float64."""
    with np.errstate(all="ignore"):  # beyond the largest there is none
        distances: np.ndarray = np.spacing(values.astype(np.float32))
    return distances.astype(np.float64)
