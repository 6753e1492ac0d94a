"""Measures of how well single units of two representations match."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.algebra.geometry import spread, unit_rows
from bench.similarity.intervals import half_samples
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure

MATCHED = 4.0  # operations for an image and a pair of units: their product, and the matching


@dataclass(frozen=True)
class UnitMatch(Measure):
    """A mean of correlations between matched units. A dead unit correlates 0 with every other one, as in ReSi."""

    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "isotropic scaling", "translation")
    source: ClassVar[str] = "li2016convergent"
    scale: ClassVar[Scale] = "atanh"
    replicates: ClassVar[int] = 50

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def affordable(self, n: int, d1: int, d2: int) -> int:
        return half_samples.affordable(self.replicates, MATCHED * n * float(d1) * d2)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        # Products of centred units of length 1 are correlations. A dead unit is a row of zeros and stays one.
        first, second = unit_rows(spread(x).T), unit_rows(spread(y).T)
        if not first.any() or not second.any():
            return float("nan")
        return self.of_correlations(first @ second.T)

    @abstractmethod
    def of_correlations(self, correlation: np.ndarray) -> float:
        """The measure from correlations (d1, d2)."""
