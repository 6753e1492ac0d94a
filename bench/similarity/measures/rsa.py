"""Representational similarity analysis: rank correlation of the distances between images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.algebra.geometry import (
    as_they_are,
    between_units,
    profiles,
    settled,
    squared_between,
)
from bench.similarity.algebra.products import Products, products, unit_distances
from bench.similarity.algebra.ranks import RankedDistances, image_means, ranking
from bench.similarity.algebra.strips import upper_triangle
from bench.similarity.intervals import half_samples
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows

# Ranks are all that counts, and squares keep the order of distances.
DISTANCES = {"correlation": (profiles, between_units), "euclidean": (as_they_are, squared_between)}
OPERATIONS = 600.0  # for a pair of images in a subsample: two gathers, two counts, two look-ups


@dataclass(frozen=True)
class RSA(Measure):
    """Spearman correlation of the upper triangles of two matrices of distances between images.

    Convention: distances are 1 - Pearson correlation across units (Kriegeskorte's, and ReSi's), the diagonal is left
    out, and ties share their mean rank. The correlation distance allows only translations by one number for all units,
    so that translation is no invariance; the Euclidean one allows orthogonal maps and any translation.

    Args:
        distance: "correlation" or "euclidean".

    Source: Kriegeskorte et al. 2008.
    """

    distance: Literal["correlation", "euclidean"] = "correlation"

    title: ClassVar[str] = "RSA"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "isotropic scaling")
    source: ClassVar[str] = "kriegeskorte2008representational"
    scale: ClassVar[Scale] = "atanh"
    by_image: ClassVar[bool] = True
    undefined_where: ClassVar[str] = (
        "a side has no spread over these images, or all distances between them are equal up to rounding, as where its "
        "images are multiples of one pattern or it has a single unit, which correlates with nothing"
    )

    def __post_init__(self) -> None:
        if self.distance not in DISTANCES:
            raise InputError(f"RSA: unknown distance {self.distance!r}: {did_you_mean(self.distance, DISTANCES)}")

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + 3.5 * memory.of_pairs(n)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def prepare(self, side: Activations) -> None:
        """The side's ranked distances."""
        self._ranking(side)

    # With f and g the distances' ranks less their mean, Spearman's ρ is c/√(vw), c = E fg, v = E f², w = E g² over
    # pairs of images. Image r moves c in two ways: its own pairs weigh more, and their distances shift all other ranks.
    # Both are sums over its pairs, of fg and of E[κ(d, D) g], κ being 1 where another distance D exceeds d, ½ where it
    # equals it: cumulative sums in the order of the distances, which is sorted once per side. c is a statistic of
    # pairs, whose influence counts twice and whose delete-one jackknife has (n - 1)/(n - 2) of that.
    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """The value with the infinitesimal jackknife, effects on the ranks included; see `Measure`."""
        self._accepted(x.values, y.values)
        first, second = self._ranking(x), self._ranking(y)
        n, f, g = x.n, first.ranks, second.ranks
        size = np.sqrt(first.variance * second.variance)
        value = self._defined(self._at_most_best(float(f @ g / len(f) / size) if size > 0.0 else float("nan")))
        if abs(value) == 1.0:
            return value, np.zeros(n)
        moved = first.above(g)
        moved += second.above(f)
        moved += f * g
        moved /= size
        own = first.own / first.variance + second.own / second.variance
        influence = 2.0 * (n - 1) / (n - 2) * (image_means(moved, n) - 0.5 * value * own)
        return value, influence - influence.mean()

    def _ranking(self, side: Activations) -> RankedDistances:
        return side.once(
            ("ranking", self.distance), lambda: ranking(self._distances(side.values, side.products()), side.n)
        )

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = (_Order(self._distances(side, products(side)), len(side)) for side in (x, y))
        return lambda rows: _spearman(first.ranks(rows), second.ranks(rows))

    def affordable(self, n: int, d1: int, d2: int) -> int:
        return half_samples.affordable(self.replicates, OPERATIONS * (n // 2) ** 2.0)

    def _distances(self, side: np.ndarray, of: Products | None) -> np.ndarray:
        """Of all pairs of images, those equal up to rounding being exactly equal: (n(n-1)/2,)."""
        if self.distance == "correlation" and of is not None:
            found = unit_distances(side, of, centre=True)
            if found is not None:
                return upper_triangle(settled(*found))
        vectors_of, between = DISTANCES[self.distance]
        vectors = vectors_of(side)
        return upper_triangle(settled(between(vectors), vectors))


# Ranks are all that counts, of the subsample's own distances. Where a distance stands in the order of all pairs, equal
# ones sharing a place, is kept in half as many bytes; the ranks within a subsample follow from how many of its pairs
# stand at every place, without sorting them.
class _Order:
    """Where every pair's distance stands in the order of all, as a function of the images that are kept.

    Args:
        above: (n(n-1)/2,) distances, those above the diagonal row by row.
    """

    def __init__(self, above: np.ndarray, n: int):
        self.n = n
        order = np.argsort(above)
        above = above[order]
        place = np.zeros(len(above), np.uint32)
        np.cumsum(above[1:] != above[:-1], dtype=place.dtype, out=place[1:])
        del above
        self.places = np.empty(len(order), np.uint32)
        self.places[order] = place
        self.starts = np.concatenate([[0], np.cumsum(np.arange(self.n - 1, 0, -1))])  # of every row in `places`

    def ranks(self, rows: np.ndarray) -> np.ndarray:
        """Ranks of the distances between some images, equal ones sharing their mean rank: (m(m-1)/2,)."""
        places = self.places if len(rows) == self.n else self._of(rows)
        counts = np.bincount(places)
        middle = np.cumsum(counts, dtype=np.float64)  # the last rank of every place, and then the mean one
        counts -= 1
        middle *= 2.0
        middle -= counts
        middle /= 2.0
        del counts
        return middle[places]

    def _of(self, rows: np.ndarray) -> np.ndarray:
        kept = np.empty(len(rows) * (len(rows) - 1) // 2, self.places.dtype)
        start = 0
        for at, row in enumerate(rows[:-1]):
            others = rows[at + 1 :]
            stop = start + len(others)
            np.take(self.places, others + (self.starts[row] - row - 1), out=kept[start:stop])
            start = stop
        return kept


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    middle = (len(first) + 1) / 2.0  # the mean of ranks 1 to N, ties or not: exact
    first -= middle
    second -= middle
    sizes = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / sizes) if sizes > 0.0 else float("nan")
