"""Ranked distances between images, and how each image moves the ranks of all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AT_ONCE = 2000  # images, whose pairs are written into a matrix


@dataclass(frozen=True)
class RankedDistances:
    """Distances of all m = n(n-1)/2 pairs of images, ranked.

    Attributes:
        ranks: (m,) mid-ranks less their mean, over m: -1/2 to 1/2.
        order: (m,) pairs by rising distance.
        starts: (groups,) where each group of equal distances starts in `order`; None if no two are equal.
        variance: mean squared rank.
        own: (n,) each image's influence on `variance`, over 2.
    """

    ranks: np.ndarray
    order: np.ndarray
    starts: np.ndarray | None
    variance: float
    own: np.ndarray

    def above(self, weights: np.ndarray) -> np.ndarray:
        """Of every pair, the mean over pairs of the weights of those farther apart, and half of those as far: (m,)."""
        return _above(weights, self.order, self.starts)


def ranking(distances: np.ndarray, n: int) -> RankedDistances:
    """The distances of n images' pairs (upper triangle, row by row), ranked; those exactly equal share their rank."""
    order = np.argsort(distances)  # in any order where equal
    rising = distances[order]
    del distances
    new = np.append(True, rising[1:] != rising[:-1])
    del rising
    m = len(order)
    order = order.astype(np.int32 if m < 2**31 else np.int64)
    starts = None if new.all() else np.flatnonzero(new)
    ranks = np.empty(m)
    ranks[order] = np.arange(m) if starts is None else _shared(starts, m)
    ranks -= (m - 1) / 2.0
    ranks /= m
    variance = float(ranks @ ranks / m)
    moved = _above(ranks, order, starts)
    moved *= 2.0
    moved += ranks**2
    return RankedDistances(ranks, order, starts, variance, image_means(moved, n))


def _shared(starts: np.ndarray, m: int) -> np.ndarray:
    """The mean of the places 0 to m - 1 that each group of equals takes up, (m,)."""
    sizes = np.diff(np.append(starts, m))
    return np.repeat(starts + (sizes - 1) / 2.0, sizes)


def _above(weights: np.ndarray, order: np.ndarray, starts: np.ndarray | None) -> np.ndarray:
    rising = weights[order]
    if starts is None:
        after = np.cumsum(rising[::-1])[::-1]
        rising *= 0.5
        after -= rising
    else:
        sums = np.add.reduceat(rising, starts)
        sizes = np.diff(np.append(starts, len(order)))
        after = np.repeat(np.cumsum(sums[::-1])[::-1] - 0.5 * sums, sizes)
    ordered = rising  # written over: of ten thousand images, each such array takes 0.4 GB
    ordered[order] = after
    ordered /= len(order)
    return ordered


def image_means(pairs: np.ndarray, n: int) -> np.ndarray:
    """The mean over each image's n - 1 pairs, (n,), of one number per pair (upper triangle, row by row)."""
    if n <= AT_ONCE:
        matrix = np.zeros((n, n))
        matrix[~np.tri(n, dtype=bool)] = pairs
        return np.asarray((matrix.sum(0) + matrix.sum(1)) / (n - 1))
    sums, start = np.zeros(n), 0
    for image in range(n - 1):
        row = pairs[start : start + n - 1 - image]
        sums[image] += row.sum()
        sums[image + 1 :] += row
        start += len(row)
    return sums / (n - 1)
