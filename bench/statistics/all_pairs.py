"""Every pair of networks at once: differences over seeds and test images, as `crossed_difference` gives them singly.

Forty networks make 780 pairs. All sums of squares of differences follow from the networks' inner products, so that one
product of matrices replaces a walk through seeds × images for each pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from bench.statistics.arrays import fraction
from bench.statistics.crossed import crossed_difference
from bench.statistics.estimate import Estimate
from bench.statistics.tests import t_of

CANCELS = 1e-7  # share of the sums below which a difference of squares is computed from the differences themselves


@dataclass(frozen=True)
class AllPairs:
    """Mean differences of all pairs i < j, ordered (0, 1), (0, 2), ..., (1, 2), ...

    Attributes:
        first, second: (P,) places of the two networks.
        value, low, high: (P,) first - second with its interval; NaN if missing.
        p: (P,) two-sided, of no difference, as `t_of` gives it; NaN where it was not tested.
    """

    first: np.ndarray
    second: np.ndarray
    value: np.ndarray = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    p: np.ndarray = field(repr=False)


def crossed_pairs(tables: np.ndarray, *, confidence: float = 0.95) -> AllPairs:
    """Mean of each pair's difference, crossed over seeds and test images; equal to `crossed_difference` of the pair.

    Args:
        tables: (V, S, n) a number per network, seed and test image; a row with a number that is not finite stands for
            a seed without a result, and is left out of every pair that it is in.
    """
    first, second = np.triu_indices(len(tables), k=1)
    found = AllPairs(first, second, *np.full((4, len(first)), np.nan))
    complete = np.isfinite(tables).all(axis=2)
    # Networks that lack the same seeds are compared together; there are few such groups.
    patterns, group = np.unique(complete, axis=0, return_inverse=True)
    group = group.reshape(-1)
    for one in range(len(patterns)):
        for other in range(one, len(patterns)):
            _of_groups(tables, found, (group, one, other), patterns[one] & patterns[other], confidence)
    return found


def _of_groups(
    tables: np.ndarray, found: AllPairs, groups: tuple[np.ndarray, int, int], seeds: np.ndarray, confidence: float
) -> None:
    """Fill in the pairs between two groups of networks, over the seeds that both have."""
    group, one, other = groups
    sides = group[found.first], group[found.second]
    wanted = ((sides[0] == one) & (sides[1] == other)) | ((sides[0] == other) & (sides[1] == one))
    if not wanted.any() or not seeds.any() or not tables.shape[2]:
        return
    members = np.flatnonzero((group == one) | (group == other))
    place = np.searchsorted(members, np.arange(len(tables)))
    pairs = np.flatnonzero(wanted)
    a, b = place[found.first[pairs]], place[found.second[pairs]]
    rows = tables[np.ix_(members, np.flatnonzero(seeds))]
    value, half, p, sure = _differences(rows, a, b, confidence)
    found.value[pairs], found.low[pairs], found.high[pairs], found.p[pairs] = value, value - half, value + half, p
    for pair in pairs[~sure]:
        i, j = found.first[pair], found.second[pair]
        single: Estimate = crossed_difference(tables[i], tables[j], confidence=confidence)
        found.value[pair], found.low[pair], found.high[pair] = single.value, single.low, single.high
        found.p[pair] = t_of(single).p


# With d = x - y, Σd² = Σx² + Σy² - 2Σxy, and likewise for the means of rows and columns: these are the entries of three
# matrices of inner products. Numbers are taken less the mean network's, so that the squares are no larger than need be.
def _differences(
    rows: np.ndarray, a: np.ndarray, b: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(P,) values, halves of intervals, p, and whether rounding leaves them alone."""
    networks, seeds, images = rows.shape
    centred = rows - rows.mean(axis=0)
    of_seeds, of_images = centred.mean(axis=2), centred.mean(axis=1)
    grand = of_seeds.mean(axis=1)
    value = rows.mean(axis=(1, 2))[a] - rows.mean(axis=(1, 2))[b]
    whole, scale = _squares(centred.reshape(networks, -1), a, b)
    level = seeds * images * (grand[a] - grand[b]) ** 2
    by_seed = images * _squares(of_seeds, a, b)[0] - level
    by_image = seeds * _squares(of_images, a, b)[0] - level
    left = whole - by_seed - by_image - level
    if seeds < 2 or images < 2:
        return value, *np.full((2, len(a)), np.nan), np.zeros(len(a), bool)
    dfs = np.array([seeds - 1.0, images - 1.0, (seeds - 1.0) * (images - 1.0)])
    squares = np.stack([by_seed, by_image, left], axis=1) / dfs
    # A pair that is nearly equal, or has no spread by one of its sources, is left to the differences themselves. So is
    # one that rounding alone would count as a sum of its sources or as the larger of them: df depends on which.
    larger = np.maximum(squares[:, 0], squares[:, 1])
    tied = np.abs(squares[:, :2].sum(axis=1) - squares[:, 2] - larger) <= CANCELS * larger
    sure = (np.minimum(np.minimum(by_seed, by_image), left) > CANCELS * scale) & (scale > 0.0) & ~tied
    variance, df = _variance(np.where(sure[:, None], squares, 1.0), dfs)
    error = np.sqrt(variance / (seeds * images))
    half = special.stdtrit(df, 0.5 + fraction(confidence, "confidence") / 2) * error
    return value, half, 2 * special.stdtr(df, -np.abs(value) / error), sure


def _squares(vectors: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P,) Σ(x - y)², and the size of what was subtracted."""
    products = vectors @ vectors.T
    own = np.diagonal(products)
    return own[a] + own[b] - 2 * products[a, b], own[a] + own[b]


# As in `crossed`: the sum of the sources, or the larger one where chance leaves the sum below it, with Satterthwaite's
# df and at most 2(S - 1).
def _variance(squares: np.ndarray, dfs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    of_seeds, of_images, both = squares.T
    total, most = of_seeds + of_images - both, 2.0 * dfs[0]
    shares = squares / np.where(total > 0.0, total, 1.0)[:, None]
    summed = total >= np.maximum(of_seeds, of_images)
    df = np.minimum(1.0 / (shares**2 / dfs).sum(axis=1), most)
    alone = np.where(of_seeds >= of_images, dfs[0], most)
    return np.where(summed, total, np.maximum(of_seeds, of_images)), np.where(summed, df, alone)
