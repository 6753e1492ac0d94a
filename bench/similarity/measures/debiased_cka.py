"""Debiased linear CKA: centred kernel alignment from the U-statistic of HSIC, the field's standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity.intervals.scales import Scale
from bench.similarity.layers import pairwise
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

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The value with its exact jackknife interval; see `Measure.estimate`."""
        first, second = self._accepted(x, y)
        estimate = pairwise([first], [second], confidence=confidence).estimate(0, 0)
        self._defined(estimate.value)
        return estimate

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(pairwise([x], [y]).value[0, 0])
