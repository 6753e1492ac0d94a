"""How much of a number can be rounding, in the precision that it was computed in."""

from __future__ import annotations

import numpy as np

ROOM = {np.dtype(np.float16): 4.0}  # factor for earlier arithmetic: half precision is summed in single, rounded once
USUAL_ROOM = 32.0  # sums of many terms, less a mean; a factor above 2 was seen in a network with large means


def rounding_room(precision: np.dtype) -> float:
    """c ε/2: the share of a number that rounding, in this precision, may have changed."""
    return float(ROOM.get(precision, USUAL_ROOM) * np.finfo(precision).eps / 2.0)


def as_double(x: np.ndarray) -> np.ndarray:
    """x in float64, which all arithmetic is done in."""
    return x.astype(np.float64, copy=False)
