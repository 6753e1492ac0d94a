"""PWCCA: canonical correlations weighted by how much of the first side's units they account for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg

from bench.similarity.algebra.basis import Between, projection_weights
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class PWCCA(CanonicalMeasure):
    """Σ αᵢρᵢ / Σ αᵢ with αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩|, hᵢ the canonical variates of x, and xⱼ its centred units.

    The first argument weights, here the original: PWCCA(x, y) and PWCCA(y, x) are two numbers, and a unit that many
    others repeat counts as often. More images than units are needed. Widths may differ either way. Google's code
    weights by whichever side is narrower, and by directions that lack the whitening of the paper's formula; anatome and
    Kornblith's notebook use the paper's.

    Source: Morcos, Raghu and Bengio 2018.
    """

    title: ClassVar[str] = "PWCCA (weighted by the first)"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = False
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "isotropic scaling", "translation")
    source: ClassVar[str] = "morcos2018insights"
    scale: ClassVar[Scale] = "atanh"

    def of_bases(self, between: Between) -> float:
        # With x = qX the variates are h = qP, P the left singular vectors of m, so that ⟨hᵢ, xⱼ⟩ = (PᵀX)ᵢⱼ: neither
        # variates nor units are needed at length n. X carries the singular values, and so the weights do. The right
        # singular vectors aren't needed, so that P comes from m mᵀ, in half of the time, and ρᵢ = ‖mᵀhᵢ‖.
        _, variates = linalg.eigh(between.m @ between.m.T, check_finite=False, driver="evd")
        variates = variates[:, -min(between.m.shape) :]
        rho = np.linalg.norm(between.m.T @ variates, axis=0)
        weights = projection_weights(variates, between.x)
        return float(np.minimum(rho, 1.0) @ weights / weights.sum())
