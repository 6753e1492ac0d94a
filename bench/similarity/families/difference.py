"""Absolute differences of one number per representation."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.activations import Activations
from bench.similarity.intervals.estimates import folded
from bench.similarity.intervals.half_samples import on_subsets
from bench.similarity.measure import Invariance, Measure, OnRows
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class Difference(Measure):
    """|f(x) - f(y)|. The interval is that of the signed difference, folded at 0."""

    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal")

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """See `Measure.estimate`."""
        return folded(super().estimate(x, y, confidence=confidence, replicates=replicates, seed=seed))

    # |δ| has the influence of δ with δ's sign, and its interval, cut off at 0, is that of δ, folded.
    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """See `Measure.influence_of_sides`."""
        value, influence = super().influence_of_sides(x, y)
        return abs(value), np.copysign(1.0, value) * influence

    # On subsamples the signed difference is computed: it is nearly normal also where its absolute value would pile up
    # at 0. The interval is made of it, within ± the range, and folded at the end.
    def _limits(self) -> tuple[float, float]:
        return -self.range[1], self.range[1]

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return abs(self.compute_on_rows(x, y)(np.arange(len(x))))

    # f of a rotated representation is the same number but for its last digits: a difference that rounding can make is
    # 0, or the interval around it would be made of rounding too, and exclude 0.
    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        rounding = self.rounding(x) + self.rounding(y)
        return _Signed(self.of_rows(x), self.of_rows(y), rounding)

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    @abstractmethod
    def of_rows(self, side: np.ndarray) -> OnRows:
        """f of one representation, in the precision it came in, as a function of the images that are kept."""

    @abstractmethod
    def rounding(self, side: np.ndarray) -> float:
        """How far rounding of the activations, in the precision they are in, can have moved f."""


@dataclass(frozen=True)
class _Signed:
    """f of one side less f of the other; 0 where rounding can make the difference."""

    first: OnRows
    second: OnRows
    rounding: float

    def __call__(self, rows: np.ndarray) -> float:
        return float(self._above_rounding(np.asarray(self.first(rows) - self.second(rows))))

    def on_subsets(self, subsets: np.ndarray) -> np.ndarray:
        return self._above_rounding(on_subsets(self.first, subsets) - on_subsets(self.second, subsets))

    def _above_rounding(self, difference: np.ndarray) -> np.ndarray:
        return np.where(np.abs(difference) <= self.rounding, 0.0, difference)
