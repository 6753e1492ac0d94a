"""Mean canonical correlation: every direction has the same weight, however little it varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.activations import Activations
from bench.similarity.algebra.basis import Between, correlations
from bench.similarity.algebra.variates import variates
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class MeanCCA(CanonicalMeasure):
    """Mean of the canonical correlations, over as many as the smaller rank.

    Trap: a direction that hardly varies counts as much as the first principal component, so that noise in many small
    ones looks like a change; and with n <= d images any two representations have 1, which is refused.

    Convention: dead and duplicate units add nothing to the rank and so do not count. Kornblith et al. divide by the
    number of units of one side, which is the same for d1 = d2 without dead units; Google's svcca leaves out the last 2%
    of the correlations' sum.

    Source: Raghu et al. 2017; Kornblith et al. 2019, section 4, ρ̄.
    """

    title: ClassVar[str] = "Mean CCA"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = (
        "permutation", "orthogonal", "isotropic scaling", "unit scaling", "translation", "invertible linear",
    )  # fmt: skip
    source: ClassVar[str] = "raghu2017svcca"
    scale: ClassVar[Scale] = "atanh"
    by_image: ClassVar[bool] = True

    def of_bases(self, between: Between) -> float:
        return float(correlations(between.m).mean())

    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """The value with its infinitesimal jackknife; see `Measure.influence_of_sides`."""
        self._accepted(x.values, y.values)
        of_pair = variates(self.basis_of(x).u, self.basis_of(y).u)
        value = self._at_most_best(float(of_pair.rho.mean()))
        influence = (of_pair.influence - of_pair.influence.mean()) / len(of_pair.rho)
        return value, influence if value < 1.0 else np.zeros(x.n)
