"""Bits by layer within a number of bytes: the choice with the least sum of losses, exact."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

WIDTHS = (2, 3, 4, 8)  # bits
UNITS = 2**20  # most steps of a budget; one of more bytes is counted in several, rounded against the chooser


def allocated(
    losses: Mapping[str, Sequence[float]], numbers: Mapping[str, int], budget: int, widths: Sequence[int] = WIDTHS
) -> dict[str, int] | None:
    """Bits by layer with the least sum of losses among all that fit; None if nothing fits.

    Args:
        losses: of each layer at each of `widths`.
        numbers: of weights in each layer.
        budget: bytes of all layers' integers.
        widths: bits to choose from, ascending. Of equal losses the fewer bits are taken.
    """
    # best[u] is the least loss of the layers so far within u units of bytes. A layer adds its loss at one of the widths
    # and takes as many units, so that best'[u] = min over widths of best[u - cost] + loss.
    if budget < 0:
        return None
    costs = {name: [-(-number * bits // 8) for bits in widths] for name, number in numbers.items()}
    unit = math.gcd(*(cost for each in costs.values() for cost in each))
    unit *= -(-(budget // unit + 1) // UNITS)
    units = budget // unit
    best = np.zeros(units + 1)
    choices: dict[str, np.ndarray] = {}
    for name, each in losses.items():
        tried = np.full((len(widths), units + 1), np.inf)
        for row, (cost, loss) in enumerate(zip(costs[name], each, strict=True)):
            taken = -(-cost // unit)
            if taken <= units:
                tried[row, taken:] = best[: units + 1 - taken] + loss
        choices[name] = tried.argmin(0).astype(np.uint8)
        best = tried.min(0)
    if not np.isfinite(best[units]):
        return None
    chosen, left = {}, units
    for name in reversed(list(losses)):
        row = int(choices[name][left])
        chosen[name] = widths[row]
        left -= -(-costs[name][row] // unit)
    return {name: chosen[name] for name in losses}
