"""Intervals from distinct half-samples of the images, for any measure.

A bootstrap draws images twice. A pair of copies is the most similar pair there can be: it puts the Gram's diagonal back
into unbiased statistics, gives every copy a neighbour at distance 0, and centres the interval on another value.
Half-samples draw without replacement, so that no image meets itself. They are the delete-d jackknife with d = n - m
(Shao and Wu 1989): for subsamples of m of n images, SE² = m/(n-m) · mean (θ_S - θ̄)², which is 1 · mean (θ_S - θ̄)² for
halves.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from scipy import stats


def draw(n: int, kept: int, replicates: int, seed: int) -> np.ndarray:
    """Distinct subsets of `kept` of n images: (replicates, kept) sorted indices; all of them where there are fewer.

    >>> draw(4, 2, 100, seed=0).shape
    (6, 2)
    """
    if comb(n, kept) <= replicates:
        return np.array(list(combinations(range(n), kept)))
    rng = np.random.default_rng(seed)
    found: dict[bytes, np.ndarray] = {}
    while len(found) < replicates:
        subset = np.sort(rng.permutation(n)[:kept])
        found.setdefault(subset.tobytes(), subset)
    return np.array(list(found.values()))


def standard_error(replicates: np.ndarray, n: int, kept: int) -> np.ndarray:
    """Delete-d jackknife standard error over the first axis of subsample values."""
    return np.sqrt(kept / (n - kept) * np.var(replicates, axis=0))


def quantile(confidence: float, replicates: int) -> float:
    """Two-sided t quantile for a standard error that was itself found from so many replicates."""
    return float(stats.t.ppf(0.5 + confidence / 2, replicates - 1))
