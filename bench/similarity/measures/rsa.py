"""Representational similarity analysis: rank correlation of the distances between images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs
from bench.similarity.activations import Activations
from bench.similarity.algebra.geometry import (
    as_they_are,
    between_units,
    block,
    centred,
    profiles,
    settled,
    squared_between,
    upper_triangle,
)
from bench.similarity.algebra.ranks import RankedDistances, image_means, ranking
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows

# Ranks are all that counts, and squares keep the order of distances.
DISTANCES = {"correlation": (profiles, between_units), "euclidean": (as_they_are, squared_between)}


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
        n, f, g = x.n, first.ranks.astype(np.float64), second.ranks.astype(np.float64)
        size = np.sqrt(first.variance * second.variance)
        value = self._defined(self._at_most_best(float(f @ g / len(f) / size) if size > 0.0 else float("nan")))
        if abs(value) == 1.0:
            return value, np.zeros(n)
        moved = (first.above(g) + second.above(f) + f * g) / size
        own = first.own / first.variance + second.own / second.variance
        influence = 2.0 * (n - 1) / (n - 2) * (image_means(moved, n) - 0.5 * value * own)
        return value, influence - influence.mean()

    def _ranking(self, side: Activations) -> RankedDistances:
        def make() -> RankedDistances:
            vectors_of, between = DISTANCES[self.distance]
            vectors = vectors_of(side.values)
            return ranking(upper_triangle(settled(between(vectors), vectors)), side.n)

        return side.once(("ranking", self.distance), make)

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        vectors_of, between = DISTANCES[self.distance]
        first, second = (settled(between(vectors), vectors) for vectors in map(vectors_of, (x, y)))
        return lambda rows: _spearman(upper_triangle(block(first, rows)), upper_triangle(block(second, rows)))


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (centred(stats.rankdata(side)[:, None])[:, 0] for side in (first, second))
    sizes = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / sizes) if sizes > 0.0 else float("nan")
