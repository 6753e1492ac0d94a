"""SVCCA: canonical correlations of the principal components that hold 99% of the variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg

from bench.errors import InputError
from bench.similarity.algebra.basis import VARIANCE_KEPT, Between, correlations, leading_components
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class SVCCA(CanonicalMeasure):
    """Mean canonical correlation of the fewest principal components that hold `threshold` of the variance.

    Conventions: *squared* singular values of the centred representation are summed, and all correlations count. ReSi
    compares the share of the variance with threshold times the total variance and so keeps one component in general;
    Google's notebook keeps a fixed 20.

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

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise InputError(f"SVCCA: threshold must be above 0 and at most 1, not {self.threshold!r}.")

    def of_bases(self, between: Between) -> float:
        left, right = self._components(between.x), self._components(between.y)
        return float(correlations(left.T @ between.m @ right).mean())

    def _components(self, representation: np.ndarray) -> np.ndarray:
        """The leading left singular vectors of a representation in coordinates of a basis: (r, kept)."""
        # Of the (r, r) Gram XXᵀ in the basis' coordinates: its eigenvalues are the squared singular values, rising.
        variances, vectors = linalg.eigh(representation @ representation.T, check_finite=False)
        return vectors[:, ::-1][:, : leading_components(variances[::-1], self.threshold)]
