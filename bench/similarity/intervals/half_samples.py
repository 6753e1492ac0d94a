"""Intervals from distinct half-samples of the images, for any measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import ceil, comb

import numpy as np
import scipy

from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES, carried_by_few

CARRIED = 0.3  # share of the subsamples' variance; a handful of images that explains more carries the value
OPERATIONS = 5e11  # behind one interval, some tens of seconds
FEWEST = 10  # subsamples, where one alone takes long


# Why not the textbook bootstrap: it draws images twice. A pair of copies puts the Gram's diagonal back into unbiased
# statistics and gives every copy a neighbour at distance 0; nominal 95% intervals for debiased CKA then cover 0 to 67%.
# Half-samples draw without replacement. They are the delete-d jackknife with d = n - m (Shao and Wu 1989): for
# subsamples of m of n images, SE² = m/(n - m) · mean (θ_S - θ̄)², whose factor is 1 for halves.


def draw(n: int, kept: int, replicates: int, seed: int) -> np.ndarray:
    """Distinct subsets of `kept` of n images: (replicates, kept) sorted indices, or all subsets if there are fewer.

    >>> draw(4, 2, 100, seed=0).shape
    (6, 2)
    """
    if comb(n, kept) <= replicates:
        return np.array(list(combinations(range(n), kept)))
    rng = np.random.default_rng(seed)
    subsets: dict[bytes, np.ndarray] = {}
    while len(subsets) < replicates:
        subset = np.sort(rng.permutation(n)[:kept])
        subsets.setdefault(subset.tobytes(), subset)
    return np.array(list(subsets.values()))


def on_subsets(on_rows: Callable[[np.ndarray], float], subsets: np.ndarray) -> np.ndarray:
    """A function of row indices on every subset (R, kept): (R,).

    A function with a method `on_subsets` of its own, which shares work between subsets, is asked for all at once.
    """
    together = getattr(on_rows, "on_subsets", None)
    return np.asarray(together(subsets) if together else np.array([on_rows(subset) for subset in subsets]))


# Each subsample of a measure may cost as much as half a minute where n × d is large. The t quantile pays for fewer of
# them: an interval from 10 is 14% wider than one from 100, and covers as often.
def affordable(replicates: int, operations: float) -> int:
    """How many subsamples to draw, if one takes this many operations: at least FEWEST, at most `replicates`."""
    return max(min(FEWEST, replicates), min(replicates, int(OPERATIONS / max(operations, 1.0))))


def standard_error(replicates: np.ndarray, n: int, kept: int) -> np.ndarray:
    """Delete-d jackknife standard error over the first axis of subsample values."""
    return np.sqrt(kept / (n - kept) * np.var(replicates, axis=0))


# Two conditions must hold for the warning. First, a side's variance must lie in few images: its effective number of
# images (Σr)²/Σr², r the squared distances from the mean, is n for equal distances and 1 if one image is far from all
# others. Second, those images must move this measure, as one of ranks or angles is not: subsamples are grouped by which
# of the far images they hold, and the groups must explain a share CARRIED of the values' variance.
def handful(sides: Sequence[np.ndarray], subsets: np.ndarray, values: np.ndarray) -> str:
    """A warning if a few images far from all others decide the value; else empty.

    Args:
        sides: two arrays (n, d).
        subsets: (replicates, kept) indices from `draw`.
        values: (replicates,) of the subsamples, on the interval's scale; NaN if undefined.
    """
    doubles = [side.astype(np.float64, copy=False) for side in sides]
    far = [((side - side.mean(0)) ** 2).sum(1) for side in doubles]
    numbers = [float(r.sum() ** 2 / (r**2).sum()) if r.any() else float(len(r)) for r in far]
    number = min(numbers)
    defined = np.isfinite(values)
    if number >= FEW_EFFECTIVE_IMAGES or defined.sum() < 2 or np.ptp(values[defined]) == 0.0:
        return ""
    farthest = np.argsort(far[numbers.index(number)])[-ceil(number) :]
    held = (subsets[defined][:, :, None] == farthest).any(1)
    _, group = np.unique(held, axis=0, return_inverse=True)
    if _explained(values[defined], group.ravel()) < CARRIED:
        return ""
    return carried_by_few(number)


def _explained(values: np.ndarray, group: np.ndarray) -> float:
    """Share of the variance that the groups explain beyond chance (adjusted R²)."""
    counts = np.bincount(group)
    if len(counts) >= len(values):
        return 0.0
    means = np.bincount(group, values) / counts
    within = ((values - means[group]) ** 2).sum() / (len(values) - len(counts))
    return float(1.0 - within / values.var(ddof=1))


def quantile(confidence: float, replicates: int) -> float:
    """Two-sided t quantile for a standard error that was itself estimated from this many replicates."""
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, replicates - 1))
