"""Orders of input channels under which a weight's sub-vectors are easier to quantise (Martinez et al. 2021, 3.2).

A weight's sub-vectors are the rows of X = W[:, order].reshape(-1, length). The smaller the determinant of their
covariance, the smaller the error that a codebook of given size must leave (their equation 6). If several weights read
the same channels, the logarithms are added, each weighted by its number of sub-vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGEST_BATCH, SMALLEST_BATCH = 512, 8  # swaps examined at once


@dataclass
class Weight:
    """A weight that reads the channels to be ordered.

    Attributes:
        values: (Cout, C, entries of a kernel).
        length: of a sub-vector: several whole kernels.
    """

    values: np.ndarray
    length: int

    @property
    def buckets(self) -> int:
        """Channels in a sub-vector."""
        return self.length // self.values.shape[2]

    @property
    def count(self) -> int:
        """Number of sub-vectors."""
        return self.values.size // self.length


def log_determinant(weight: Weight, order: np.ndarray) -> float:
    """Log-determinant of the covariance of sub-vectors (over n - 1) under an order of channels; -inf if singular."""
    rows = weight.values[:, order].reshape(-1, weight.length).astype(np.float64)
    sign, value = np.linalg.slogdet(np.atleast_2d(np.cov(rows, rowvar=False)))
    return float(value) if sign > 0 else -np.inf


def objective(weights: Sequence[Weight], order: np.ndarray) -> float:
    """The sum that `best_order` minimises."""
    return sum(weight.count * log_determinant(weight, order) for weight in weights)


def best_order(weights: Sequence[Weight], swaps: int, generator: np.random.Generator) -> np.ndarray | None:
    """An order of channels (C,) with a smaller objective than the present one; None if the search finds none.

    Starts from `greedy_order`, then tries random swaps and keeps each that makes the objective smaller.
    """
    channels = weights[0].values.shape[1]
    present = np.arange(channels)
    before = objective(weights, present)
    if not np.isfinite(before):  # a singular covariance: no order can have a smaller determinant
        return None
    search = _Search(weights, greedy_order(weights))
    search.run(generator.integers(channels, size=(swaps, 2)))
    return search.order if objective(weights, search.order) < before else None


def greedy_order(weights: Sequence[Weight]) -> np.ndarray:
    """Channels sorted by size and dealt out: the largest to the first position of every sub-vector, and so on.

    A channel's size is the determinant of its kernel's covariance: for 1×1 kernels its variance. Positions are those of
    the weight with the most sub-vectors.
    """
    # By Fischer's inequality the determinant is at most the product, over the positions in a sub-vector, of the
    # determinants of each position's own covariance. For 1×1 kernels that is roughly a product of mean variances whose
    # sum is fixed: least if they are as unequal as can be, with the large channels at one position and the small ones
    # at another. The published code fills its buckets from a variance of 1, so that its result depends on the scale of
    # the weights; filling buckets in sorted order gives the same on ordinary weights.
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
    """Tries swaps of two channels one after another, though many are examined at once."""

    # A swap changes at most two of the sub-vectors of each output, so its effect on the moments, and from them on the
    # determinant, is computed without reading the weights (see _Moments). Most swaps make things worse, so a batch is
    # examined as if each of its swaps came next. The first that helps is kept; those behind it were examined under an
    # order that no longer holds, and are examined again. The result is that of trying them one by one. Batches grow
    # while nothing helps and shrink when something does, so that few swaps are examined twice.

    def __init__(self, weights: Sequence[Weight], order: np.ndarray):
        self.order = order.copy()
        self.moments = [_Moments(weight, self.order) for weight in weights]
        self.value = sum(moments.values_of(moments.second[None], moments.first[None])[0] for moments in self.moments)

    def run(self, swaps: np.ndarray) -> None:
        """Try all of `swaps`, (n, 2) positions in the order."""
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

    # Products of all pairs of inputs, summed over the outputs, are computed once: (C·kernel)² numbers. The second
    # moment of sub-vectors of any channels is then gathered from them, so no swap reads the weights again. Moments are
    # float64, because thousands of changes are added up in them.

    def __init__(self, weight: Weight, order: np.ndarray):
        outputs, channels, kernel = weight.values.shape
        self.weight, self.kernel = weight, kernel
        flat = weight.values.reshape(outputs, -1).astype(np.float32)
        self.products = (flat.T @ flat).reshape(channels, kernel, channels, kernel)
        self.sums = weight.values.astype(np.float64).sum(0)
        members = order.reshape(-1, weight.buckets)
        self.second, self.first = self._second(members).sum(0), self._first(members).sum(0)

    def changes(self, order: np.ndarray, swaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Change of the moments by each swap, (n, length, length) and (n, length)."""
        touched = swaps // self.weight.buckets  # (n, 2) sub-vectors
        before = order.reshape(-1, self.weight.buckets)[touched]  # (n, 2, buckets) channels
        one, other = order[swaps[:, 0], None, None], order[swaps[:, 1], None, None]
        after = np.where(before == one, other, np.where(before == other, one, before))
        once = np.where(touched[:, 0] == touched[:, 1], 0.5, 1.0)  # both may lie in one sub-vector, counted twice below
        second = sum(self._second(after[:, side]) - self._second(before[:, side]) for side in (0, 1))
        first = sum(self._first(after[:, side]) - self._first(before[:, side]) for side in (0, 1))
        return second * once[:, None, None], first * once[:, None]

    def values_after(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The weight's part of the objective after each of `changes`."""
        return self.values_of(self.second + second, self.first + first)

    def values_of(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The weight's part of the objective for moments, (n,); inf, which is never kept, if one is singular."""
        count = self.weight.count
        covariance = (second - first[:, :, None] * first[:, None, :] / count) / (count - 1)
        sign, value = np.linalg.slogdet(covariance)
        return np.where(sign > 0, count * value, np.inf)

    def _second(self, members: np.ndarray) -> np.ndarray:
        """Second moments (n, length, length) of n sub-vectors, given their channels (n, buckets)."""
        length = self.weight.length
        blocks = self.products[members[:, :, None], :, members[:, None, :], :]  # (n, bucket, bucket, kernel, kernel)
        return blocks.transpose(0, 1, 3, 2, 4).reshape(-1, length, length).astype(np.float64)

    def _first(self, members: np.ndarray) -> np.ndarray:
        """First moments (n, length)."""
        return self.sums[members].reshape(-1, self.weight.length)
