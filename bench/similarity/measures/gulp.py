"""GULP: how far apart the predictions of ridge regressions on two representations can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.errors import InputError
from bench.similarity.algebra.basis import Between, basis
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance


@dataclass(frozen=True)
class GULP(CanonicalMeasure):
    """tr(Σₓ⁻¹ΣₓΣₓ⁻¹Σₓ) + tr(Σᵧ⁻¹ΣᵧΣᵧ⁻¹Σᵧ) - 2 tr(Σₓ⁻¹ΣₓᵧΣᵧ⁻¹Σᵧₓ), λ added to every covariance that is inverted.

    Conventions (the authors' code and ReSi): representations are centred and scaled to ‖X‖ = √n, and the *squared*
    distance is returned. λ = 0, ReSi's default, needs n > d and inverts on the space that the units span. It is then
    invariant to invertible linear maps, and to orthogonal ones for λ > 0.

    Args:
        penalty: λ, relative to a total variance of 1.

    Source: Boix-Adserà et al. 2022.
    """

    penalty: float = 0.0

    title: ClassVar[str] = "GULP distance (squared)"
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "boixadsera2022gulp"
    scale: ClassVar[Scale] = "log"

    def __post_init__(self) -> None:
        if not self.penalty >= 0.0:
            raise InputError(f"GULP: penalty must be 0 or more, not {self.penalty!r}.")

    def minimum_n(self, d1: int, d2: int) -> int:
        return super().minimum_n(d1, d2) if self.penalty == 0.0 else 4

    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        return super().warning(x, y) if self.penalty == 0.0 else ""

    def of_bases(self, between: Between) -> float:
        # λ = 0: the traces are the ranks and the sum of squared canonical correlations, ‖M‖². Otherwise Σₓ⁻¹Σₓ is
        # diagonal in principal directions, with entries p/(p + λ), and the cross term sums (uᵢᵀvⱼ)² between the
        # principal directions u and v of the two sides, weighted by both shrinkages.
        if self.penalty == 0.0:
            return max(sum(between.m.shape) - 2.0 * float(np.linalg.norm(between.m)) ** 2, 0.0)
        first, second = basis(between.x), basis(between.y)
        a, b = self._shrinkage(first.s), self._shrinkage(second.s)
        overlap = (first.u.T @ between.m @ second.u) ** 2
        return float(max((a**2).sum() + (b**2).sum() - 2.0 * a @ overlap @ b, 0.0))

    def _shrinkage(self, singular: np.ndarray) -> np.ndarray:
        """p/(p + λ) of the share p of the variance along every principal direction."""
        shares = singular**2 / (singular**2).sum()
        return shares / (shares + self.penalty)
