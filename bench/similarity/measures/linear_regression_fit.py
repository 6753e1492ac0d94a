"""How much of one representation's variance linear regression on the other explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.basis import Between
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class LinearRegressionFit(CanonicalMeasure):
    """R² of predicting the first representation from the second: ‖QᵧᵀX‖² / ‖X‖², Qᵧ a basis of the second.

    Fitted and scored on the same images, so that it grows with d2/n. Invariant to invertible linear maps of the second
    side and to orthogonal ones of the first. The second side may have dead units.

    Source: Kornblith et al. 2019, section 4, R²_LR.
    """

    title: ClassVar[str] = "Linear regression fit"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = False
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "kornblith2019similarity"
    scale: ClassVar[Scale] = "logit"

    def of_bases(self, between: Between) -> float:
        # X = qₓ·x and qᵧᵀqₓ = Mᵀ: projecting X on the second side's space leaves Mᵀx in its coordinates.
        explained = float(np.linalg.norm(between.m.T @ between.x) / np.linalg.norm(between.x)) ** 2
        return min(explained, 1.0)
