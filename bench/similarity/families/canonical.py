"""Measures of the spaces that units span: they need more images than units."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.algebra.basis import Basis, Between, basis_of, between_bases
from bench.similarity.intervals import half_samples
from bench.similarity.measure import Measure, OnRows

CENTRED = "basis"  # the piece of a side that most of these measures share
DECOMPOSED = 30.0  # operations for a unit cubed


@dataclass(frozen=True)
class CanonicalMeasure(Measure):
    """A function of the bases of two centred representations, defined for n > d only.

    `compute` and `compute_on_rows` get arrays in the precision they came in: it decides which directions are rounding.
    """

    replicates: ClassVar[int] = 40
    centre: ClassVar[bool] = True  # whether representations are centred first

    # Centred representations of n images lie in n - 1 dimensions. With n ≤ d the units span all of them, and all
    # correlations are 1 whatever the data; with d1 + d2 ≥ n the two spaces must still meet, which `warning` says. With
    # many units per image the intervals are wider than they need be (by a third at d = n/5), never narrower.
    def minimum_n(self, d1: int, d2: int) -> int:
        return max(super().minimum_n(d1, d2), d1 + 1, d2 + 1)

    def why_minimum(self) -> str:
        return "with n <= d units can reproduce any other representation of the same images exactly"

    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        n, d1, d2 = len(x), x.shape[1], y.shape[1]
        if d1 + d2 < n:
            return ""
        return f"{d1} + {d2} units and {n} images: some directions coincide whatever the data."

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def prepare(self, side: Activations) -> None:
        """The side's basis."""
        if side.n > side.d:
            self.basis_of(side)

    def basis_of(self, side: Activations) -> Basis:
        """Principal components of a side, centred, without directions of rounding.

        Raises:
            InputError: there is none.
        """
        found = self._basis(side)
        if not len(found.s):
            self._defined(float("nan"))
        return found

    def _basis(self, side: Activations) -> Basis:
        return side.once(CENTRED if self.centre else "basis as it is", lambda: basis_of(side.values, self.centre))

    def affordable(self, n: int, d1: int, d2: int) -> int:
        # Products of bases and of units, and a few decompositions of the smaller matrices that result.
        operations = n * (d1**2 + d2**2 + d1 * d2) + DECOMPOSED * max(d1, d2) ** 3.0
        return half_samples.affordable(self.replicates, operations)

    def memory(self, n: int, d1: int, d2: int) -> float:
        # Beside each side's basis, the decomposition's workspace, and what a subsample takes.
        return super().memory(n, d1, d2) + memory.NUMBER * (6.0 * max(d1, d2) ** 2 + 4.0 * (d1**2 + d2**2))

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        return self.on_rows_of_sides(Activations(x), Activations(y))

    def on_rows_of_sides(self, x: Activations, y: Activations) -> OnRows:
        """See `Measure.on_rows_of_sides`."""
        bases = self._basis(x), self._basis(y)
        return between_bases((x.values, y.values), bases, self.of_bases, centre=self.centre)

    @abstractmethod
    def of_bases(self, between: Between) -> float:
        """The measure, from both representations in coordinates of their bases."""
