"""Absolute differences of one number a representation."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

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

    def _limits(self) -> tuple[float, float]:
        return -self.range[1], self.range[1]

    def _value(self, x: np.ndarray, y: np.ndarray) -> float:
        return abs(self._on_rows(x, y)(np.arange(len(x))))

    def _on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = self._of_rows(x), self._of_rows(y)
        return lambda rows: first(rows) - second(rows)

    @abstractmethod
    def _of_rows(self, side: np.ndarray) -> OnRows:
        """f of one representation, as a function of the rows that are kept."""


def folded(signed: Estimate) -> Estimate:
    """The estimate of |δ| from that of δ: it covers whenever the other does."""
    ends = sorted((abs(signed.low), abs(signed.high)))
    low = 0.0 if signed.low <= 0.0 <= signed.high else ends[0]
    return replace(signed, value=abs(signed.value), low=low if np.isfinite(ends).all() else np.nan, high=ends[1])
