"""SVCCA: canonical correlations of the principal components that hold 99% of the variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg

from bench.errors import InputError
from bench.similarity.activations import Activations
from bench.similarity.algebra.basis import VARIANCE_KEPT, Between, correlations, leading_components
from bench.similarity.algebra.principal import rotation, truncation
from bench.similarity.algebra.variates import leverage, variates
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class SVCCA(CanonicalMeasure):
    """Mean canonical correlation of the fewest principal components that hold `threshold` of the variance.

    Conventions: *squared* singular values of the centred representation are summed, and all correlations count. Traps:
    summing plain singular values keeps more components than hold the share; ReSi compares the share of the variance
    with threshold times the total variance and so keeps one component in general; Google's notebook keeps a fixed 20.
    More images than units are needed. How many components reach the threshold is a count, and where it lies between
    two of them the value jumps: an interval over images knows the jump on average only.

    Args:
        threshold: share of the variance to keep.

    Source: Raghu et al. 2017.
    """

    threshold: float = VARIANCE_KEPT

    title: ClassVar[str] = "SVCCA"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "raghu2017svcca"
    scale: ClassVar[Scale] = "atanh"
    by_image: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise InputError(f"SVCCA: threshold must be above 0 and at most 1, not {self.threshold!r}.")

    # Three things move with an image: the correlations of the components that are kept, the space that these span, and
    # how many are kept. That number jumps, so that a derivative knows nothing of it and deleting images too much: it is
    # taken as it would be on average over the sampling error of the cumulated share of the variance.
    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """The value with its infinitesimal jackknife; see `Measure.influence_of_sides`."""
        self._accepted(x.values, y.values)
        first, second = self.basis_of(x), self.basis_of(y)
        m = first.u.T @ second.u
        kept = tuple(leading_components(side.s**2, self.threshold) for side in (first, second))
        of_pair = variates(first.u[:, : kept[0]], second.u[:, : kept[1]])
        value = self._at_most_best(float(of_pair.rho.mean()))
        if value == 1.0:
            return value, np.zeros(x.n)
        smaller = len(of_pair.rho)
        turned = rotation(first, kept[0], m[:, : kept[1]] @ of_pair.turn.T)
        turned += rotation(second, kept[1], m[: kept[0]].T @ of_pair.turn)
        influence = (of_pair.influence + turned / leverage(first.u, second.u)) / smaller
        influence += truncation(first, kept[0], self.threshold, lambda k: _mean_correlation(m[:k, : kept[1]]))
        influence += truncation(second, kept[1], self.threshold, lambda k: _mean_correlation(m[: kept[0], :k]))
        return value, influence - influence.mean()

    def of_bases(self, between: Between) -> float:
        left, right = self._components(between.x), self._components(between.y)
        return float(correlations(left.T @ between.m @ right).mean())

    def _components(self, representation: np.ndarray) -> np.ndarray:
        """The leading left singular vectors of a representation in coordinates of a basis: (r, kept)."""
        # Of the (r, r) Gram XXᵀ in the basis' coordinates: its eigenvalues are the squared singular values, rising.
        variances, vectors = linalg.eigh(representation @ representation.T, check_finite=False)
        return vectors[:, ::-1][:, : leading_components(variances[::-1], self.threshold)]


def _mean_correlation(m: np.ndarray) -> float:
    return float(correlations(m).mean())
