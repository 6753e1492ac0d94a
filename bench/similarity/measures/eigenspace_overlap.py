"""Overlap of the spaces that two representations span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.basis import Between
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class EigenspaceOverlap(CanonicalMeasure):
    """‖UᵀV‖² / max(d1, d2), U and V orthonormal bases of the representations as they are, not centred.

    Convention: the larger number of units divides, dead units included, as in May et al. and ReSi. Independent
    representations score min(d1, d2)/n on average.

    Source: May et al. 2019.
    """

    title: ClassVar[str] = "Eigenspace overlap"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = (
        "permutation", "orthogonal", "isotropic scaling", "unit scaling", "invertible linear",
    )  # fmt: skip
    source: ClassVar[str] = "may2019downstream"
    scale: ClassVar[Scale] = "logit"
    centre: ClassVar[bool] = False

    def of_bases(self, between: Between) -> float:
        # ‖M‖² sums the squared cosines of the principal angles between the two spaces.
        units = max(between.x.shape[1], between.y.shape[1])
        return float(np.linalg.norm(between.m) ** 2 / units)
