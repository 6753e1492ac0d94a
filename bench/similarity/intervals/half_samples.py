"""Intervals from distinct half-samples of the images, for any measure.

A bootstrap draws images twice. A pair of copies is the most similar pair there can be: it puts the Gram's diagonal back
into unbiased statistics, gives every copy a neighbour at distance 0, and centres the interval on another value.
Half-samples draw without replacement, so that no image meets itself. They are the delete-d jackknife with d = n - m
(Shao and Wu 1989): for subsamples of m of n images, SE² = m/(n-m) · mean (θ_S - θ̄)², which is 1 · mean (θ_S - θ̄)² for
halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import ceil, comb

import numpy as np
from scipy import stats

from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES, carried_by_few

CARRIED = 0.3  # share of the subsamples' variance that goes with a handful of images, from which on they carry it


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


def handful(sides: Sequence[np.ndarray], subsets: np.ndarray, values: np.ndarray) -> str:
    """A warning where a few images that are far from all others decide the value; empty where none do.

    Each side's effective number of images is (Σr)²/Σr² of their squared distances r from the mean. Where it is small,
    the images with the largest r are looked at: if the subsamples' values go with which of those images they hold, the
    interval rests on a handful of images. A measure of ranks or angles is not moved by them and is not warned of.

    Args:
        sides: (n, d) each.
        subsets: (replicates, kept) indices, as `draw` gives them.
        values: (replicates,) of the subsamples, on the interval's scale; NaN where undefined.
    """
    doubles = [side.astype(np.float64, copy=False) for side in sides]
    far = [((side - side.mean(0)) ** 2).sum(1) for side in doubles]
    numbers = [float(each.sum() ** 2 / (each**2).sum()) if each.any() else float(len(each)) for each in far]
    number = min(numbers)
    known = np.isfinite(values)
    if number >= FEW_EFFECTIVE_IMAGES or known.sum() < 2 or np.ptp(values[known]) == 0.0:
        return ""
    named = np.argsort(far[numbers.index(number)])[-ceil(number) :]
    held = (subsets[known][:, :, None] == named).any(1)
    _, group = np.unique(held, axis=0, return_inverse=True)
    if _explained(values[known], group.ravel()) < CARRIED:
        return ""
    return carried_by_few(number)


def _explained(values: np.ndarray, group: np.ndarray) -> float:
    """Share of the variance that goes with the groups, less what chance gives (adjusted R²)."""
    counts = np.bincount(group)
    if len(counts) >= len(values):
        return 0.0
    means = np.bincount(group, values) / counts
    within = ((values - means[group]) ** 2).sum() / (len(values) - len(counts))
    return float(1.0 - within / values.var(ddof=1))


def quantile(confidence: float, replicates: int) -> float:
    """Two-sided t quantile for a standard error that was itself found from so many replicates."""
    return float(stats.t.ppf(0.5 + confidence / 2, replicates - 1))
