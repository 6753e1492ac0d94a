"""How far two attributions of the same image agree.

A cosine of non-negative maps is no measure of it: such maps agree with anything, even with a random network's.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

SHARE = 0.1  # of the positions, that count as the top


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row with the same row of the other array; signs count.

    >>> spearman(np.array([[1.0, 2.0, 3.0]]), np.array([[30.0, 20.0, 10.0]]))
    array([-1.])

    Args:
        first, second: (n, positions), attributions of the same images.

    Returns:
        (n,), -1 to 1; NaN where a side is constant or not finite.
    """
    # Pearson's correlation of the ranks, ties sharing their mean rank. Ranks sum to the same whatever the ties, so
    # subtracting the middle rank centres them.
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = [rankdata(side, axis=1) - (side.shape[1] + 1) / 2 for side in (first, second)]
        squares = [(side**2).sum(1) for side in ranks]
        correlation = (ranks[0] * ranks[1]).sum(1) / np.sqrt(squares[0] * squares[1])
    return np.where(_usable(first) & _usable(second), np.clip(correlation, -1.0, 1.0), np.nan)


def top_overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Share of one map's 10% largest positions that are among the other's; 0.1 is chance.

    Args:
        first, second: (n, positions), attributions of the same images.

    Returns:
        (n,), 0 to 1; NaN where a side is constant or not finite.
    """
    count = max(1, round(SHARE * first.shape[1]))
    tops = [_top(side, count) for side in (first, second)]
    overlap = (tops[0] & tops[1]).sum(1) / count
    return np.where(_usable(first) & _usable(second), overlap, np.nan)


def _top(maps: np.ndarray, count: int) -> np.ndarray:
    """Mask (n, positions) of the `count` largest values of each row; among ties the first ones."""
    marks = np.zeros(maps.shape, dtype=bool)
    np.put_along_axis(marks, np.argsort(-maps, axis=1, kind="stable")[:, :count], True, axis=1)
    return marks


def _usable(maps: np.ndarray) -> np.ndarray:
    return np.isfinite(maps).all(1) & (maps != maps[:, :1]).any(1)
