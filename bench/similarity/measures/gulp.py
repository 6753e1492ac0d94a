"""GULP: how far apart the predictions of ridge regressions on two representations can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.errors import InputError
from bench.similarity.activations import Activations
from bench.similarity.algebra.basis import Between, basis, rounding_of
from bench.similarity.algebra.precision import rounding_room
from bench.similarity.families.canonical import CanonicalMeasure
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, OnRows


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

    # Rounding ρ of a representation turns its principal direction of singular value s by about ρ/(s√d), as ρ is spread
    # over d units and one of them counts, and twice the square of that angle is a distance of its own.
    def on_rows_of_sides(self, x: Activations, y: Activations) -> OnRows:
        on_rows, rounding = super().on_rows_of_sides(x, y), self._rounding(x) + self._rounding(y)

        def of_rows(rows: np.ndarray) -> float:
            value = on_rows(rows)
            return 0.0 if value <= rounding else value

        return of_rows

    def _rounding(self, side: Activations) -> float:
        """The squared distance that rounding of the activations as they came in can make."""
        real = self._basis(side).s
        if not len(real):
            return 0.0
        limit = rounding_of(side.values)
        return float(2.0 * (self._shrinkage(real) ** 2 * (limit / real) ** 2).sum() / side.d)

    def of_bases(self, between: Between) -> float:
        # λ = 0: the traces are the ranks and the sum of squared canonical correlations, ‖M‖². Otherwise Σₓ⁻¹Σₓ is
        # diagonal in principal directions, with entries p/(p + λ), and the cross term sums (uᵢᵀvⱼ)² between the
        # principal directions u and v of the two sides, weighted by both shrinkages.
        if self.penalty == 0.0:
            ranks = float(sum(between.m.shape))
            return _remainder(ranks, 2.0 * float(np.linalg.norm(between.m)) ** 2)
        first, second = basis(between.x), basis(between.y)
        a, b = self._shrinkage(first.s), self._shrinkage(second.s)
        overlap = (first.u.T @ between.m @ second.u) ** 2
        return _remainder(float((a**2).sum() + (b**2).sum()), float(2.0 * a @ overlap @ b))

    def _shrinkage(self, singular: np.ndarray) -> np.ndarray:
        """p/(p + λ) of the share p of the variance along every principal direction."""
        shares = singular**2 / (singular**2).sum()
        return shares / (shares + self.penalty)


# A squared distance, as the difference of two sums of squares that are each right to c ε/2 of themselves: what is left
# of equal ones is 0. Distances below its root, 6e-8 √rank, are beyond this formula.
def _remainder(squares: float, products: float) -> float:
    """squares - products, at least 0, and exactly 0 up to rounding."""
    left = squares - products
    return left if left > rounding_room(np.dtype(np.float64)) * squares else 0.0
