"""Debiased linear CKA: centred kernel alignment from the U-statistic of HSIC, the field's standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.intervals.scales import Scale
from bench.similarity.layers import UNDEFINED_WHERE, Grams, pairwise
from bench.similarity.measure import Invariance, Measure
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class DebiasedCKA(Measure):
    """HSIC(x, y) / √(HSIC(x, x) HSIC(y, y)) of linear kernels, with HSIC's unbiased estimator.

    >>> x = np.random.default_rng(0).normal(size=(50, 8))
    >>> DebiasedCKA()(x, 2 * x + 1)
    1.0

    Unlike biased CKA it does not grow with the number of units: independent representations give 0 on average, and
    values below 0 are kept. The interval is the exact delete-one jackknife on the atanh scale; `replicates` and `seed`
    change nothing.

    Source: Kornblith et al. 2019, section 3; Nguyen et al. 2021, equation 3; estimator of Song et al. 2012.
    """

    title: ClassVar[str] = "Debiased linear CKA"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "nguyen2021wide"
    scale: ClassVar[Scale] = "atanh"
    undefined_where: ClassVar[str] = UNDEFINED_WHERE

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The value with its exact jackknife interval; see `Measure.estimate`."""
        estimate = pairwise(*self._grams(*self._accepted(x, y)), confidence=confidence).estimate(0, 0)
        self._defined(estimate.value)
        return estimate

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(pairwise(*self._grams(x, y)).value[0, 0])

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    # Products are float64 whatever came in; what came in decides how much of HSIC(x, x) can be rounding.
    @staticmethod
    def _grams(x: np.ndarray, y: np.ndarray) -> tuple[Grams, Grams]:
        first, second = (Grams([side.astype(np.float64, copy=False)], precisions=[side.dtype]) for side in (x, y))
        return first, second
