"""Orders of input channels under which sub-vectors of a weight are easier to quantise (Martinez et al. 2021, 3.2).

A weight's sub-vectors are the rows of X = W[:, order].reshape(-1, length); the smaller the determinant of their
covariance, the smaller the error that a codebook of given size must leave (their equation 6). Where several weights
read the same channels, the logarithms are added, each weighted by its number of sub-vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGEST_BATCH, SMALLEST_BATCH = 512, 8  # candidates examined at once


@dataclass
class Weight:
    """A weight that reads the channels to be ordered.

    Attributes:
        values: (Cout, C, entries a kernel).
        length: of a sub-vector: several whole kernels.
    """

    values: np.ndarray
    length: int

    @property
    def buckets(self) -> int:
        """Channels a sub-vector."""
        return self.length // self.values.shape[2]

    @property
    def count(self) -> int:
        """Sub-vectors."""
        return self.values.size // self.length


def log_determinant(weight: Weight, order: np.ndarray) -> float:
    """Of the covariance of sub-vectors (over n - 1) under an order of channels; -inf where it is singular."""
    rows = weight.values[:, order].reshape(-1, weight.length).astype(np.float64)
    sign, value = np.linalg.slogdet(np.atleast_2d(np.cov(rows, rowvar=False)))
    return float(value) if sign > 0 else -np.inf


def objective(weights: Sequence[Weight], order: np.ndarray) -> float:
    """What `best_order` minimises."""
    return sum(weight.count * log_determinant(weight, order) for weight in weights)


def best_order(weights: Sequence[Weight], swaps: int, generator: np.random.Generator) -> np.ndarray | None:
    """An order of channels (C,) with a smaller objective than the present one; None where none was found.

    Starts from channels dealt to the places of a sub-vector by size, then tries random swaps and keeps each that makes
    the objective smaller.
    """
    channels = weights[0].values.shape[1]
    present = np.arange(channels)
    before = objective(weights, present)
    if not np.isfinite(before):
        return None
    search = _Search(weights, greedy_order(weights))
    search.run(generator.integers(channels, size=(swaps, 2)))
    return search.order if objective(weights, search.order) < before else None


def greedy_order(weights: Sequence[Weight]) -> np.ndarray:
    """Channels sorted by size and dealt out: the largest to the first place of every sub-vector, and so on.

    A channel's size is the determinant of its kernel's covariance: for 1x1 kernels its variance. The places are those
    of the weight with the most sub-vectors.
    """
    buckets = max(weights, key=lambda weight: weight.count).buckets
    size = sum(weight.count * _log_sizes(weight.values) for weight in weights)
    return np.argsort(-np.asarray(size), kind="stable").reshape(buckets, -1).T.reshape(-1)


def _log_sizes(values: np.ndarray) -> np.ndarray:
    """(C,) log-determinants of each channel's covariance over the outputs."""
    kernels = values.astype(np.float64).transpose(1, 0, 2)
    centred = kernels - kernels.mean(1, keepdims=True)
    sign, value = np.linalg.slogdet(centred.transpose(0, 2, 1) @ centred / max(values.shape[0] - 1, 1))
    return np.where(sign > 0, value, -1e9)


class _Search:
    """Swaps in the order that they come, examined many at once.

    A swap is examined under the order in force when its turn comes: those after the first that is kept are examined
    again.
    """

    def __init__(self, weights: Sequence[Weight], order: np.ndarray):
        self.order = order.copy()
        self.moments = [_Moments(weight, self.order) for weight in weights]
        self.value = sum(moments.values_of(moments.second[None], moments.first[None])[0] for moments in self.moments)

    def run(self, swaps: np.ndarray) -> None:
        """Try all of `swaps`, (n, 2) places."""
        done, batch = 0, SMALLEST_BATCH
        while done < len(swaps):
            candidates = swaps[done : done + batch]
            changes = [moments.changes(self.order, candidates) for moments in self.moments]
            values = sum(moments.values_after(*change) for moments, change in zip(self.moments, changes, strict=True))
            better = np.flatnonzero(np.asarray(values) < self.value)
            if not better.size:
                done, batch = done + len(candidates), min(2 * batch, LARGEST_BATCH)
                continue
            first = int(better[0])
            self._keep(candidates[first], first, changes)
            done, batch = done + first + 1, max(batch // 2, SMALLEST_BATCH)

    def _keep(self, swap: np.ndarray, which: int, changes: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.order[swap] = self.order[swap[::-1]]
        for moments, (second, first) in zip(self.moments, changes, strict=True):
            moments.second += second[which]
            moments.first += first[which]
        self.value = sum(moments.values_of(moments.second[None], moments.first[None])[0] for moments in self.moments)


class _Moments:
    """First and second moments of a weight's sub-vectors, kept up to date as channels are swapped.

    Attributes:
        second: (length, length) sum of outer products.
        first: (length,) sum.
    """

    def __init__(self, weight: Weight, order: np.ndarray):
        outputs, channels, kernel = weight.values.shape
        self.weight, self.kernel = weight, kernel
        flat = weight.values.reshape(outputs, -1).astype(np.float32)
        self.products = (flat.T @ flat).reshape(channels, kernel, channels, kernel)
        self.sums = weight.values.astype(np.float64).sum(0)
        places = order.reshape(-1, weight.buckets)
        self.second, self.first = self._second(places).sum(0), self._first(places).sum(0)

    def changes(self, order: np.ndarray, swaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each swap adds to the moments, (n, length, length) and (n, length)."""
        touched = swaps // self.weight.buckets  # (n, 2) which sub-vectors
        before = order.reshape(-1, self.weight.buckets)[touched]  # (n, 2, buckets) channels
        one, other = order[swaps[:, 0], None, None], order[swaps[:, 1], None, None]
        after = np.where(before == one, other, np.where(before == other, one, before))
        once = np.where(touched[:, 0] == touched[:, 1], 0.5, 1.0)  # both places may lie in one sub-vector
        second = sum(self._second(after[:, side]) - self._second(before[:, side]) for side in (0, 1))
        first = sum(self._first(after[:, side]) - self._first(before[:, side]) for side in (0, 1))
        return second * once[:, None, None], first * once[:, None]

    def values_after(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The weight's part of the objective after each of `changes`."""
        return self.values_of(self.second + second, self.first + first)

    def values_of(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The weight's part of the objective for moments, (n,); inf where a covariance is singular."""
        count = self.weight.count
        covariance = (second - first[:, :, None] * first[:, None, :] / count) / (count - 1)
        sign, value = np.linalg.slogdet(covariance)
        return np.where(sign > 0, count * value, np.inf)

    def _second(self, places: np.ndarray) -> np.ndarray:
        """(n, length, length) of n sub-vectors of channels, (n, buckets)."""
        length = self.weight.length
        blocks = self.products[places[:, :, None], :, places[:, None, :], :]  # (n, bucket, bucket, kernel, kernel)
        return blocks.transpose(0, 1, 3, 2, 4).reshape(-1, length, length).astype(np.float64)

    def _first(self, places: np.ndarray) -> np.ndarray:
        """(n, length)."""
        return self.sums[places].reshape(-1, self.weight.length)
