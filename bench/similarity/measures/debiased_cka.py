"""Debiased linear CKA: centred kernel alignment from the U-statistic of HSIC, the field's standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.intervals.scales import Scale
from bench.similarity.layers import UNDEFINED_WHERE, Grams, floor, pairwise
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
    by_image: ClassVar[bool] = True

    def estimate_of_sides(
        self, x: Activations, y: Activations, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The value with its exact jackknife interval; see `Measure.estimate`."""
        self._accepted(x.values, y.values)
        estimate = pairwise(gram(x), gram(y), confidence=confidence).estimate(0, 0)
        self._defined(estimate.value)
        return estimate

    def memory(self, n: int, d1: int, d2: int) -> float:
        return memory.NUMBER * 2.0 * n * max(d1, d2) + 1.25 * memory.of_pairs(n)  # one side in float64 at a time

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(pairwise(*self._grams(x, y)).value[0, 0])

    def prepare(self, side: Activations) -> None:
        """The side's U-centred Gram."""
        gram(side)

    def of_sides(self, x: Activations, y: Activations) -> float:
        """See `Measure.of_sides`."""
        return self._defined(float(pairwise(gram(x), gram(y)).value[0, 0]))

    # dCKA = (1 - CKA²) dz: the jackknife is exact on the atanh scale, where its interval covers.
    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """The value with its exact jackknife influence; see `Measure.influence_of_sides`."""
        self._accepted(x.values, y.values)
        of_pair = pairwise(gram(x), gram(y))
        value = self._defined(float(of_pair.value[0, 0]))
        return value, (1.0 - value**2) * np.asarray(of_pair.influence)[0]

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    @staticmethod
    def _grams(x: np.ndarray, y: np.ndarray) -> tuple[Grams, Grams]:
        return gram(Activations(x)), gram(Activations(y))


# Products are always float64; the type of the input decides how much of HSIC(x, x) can be rounding.
def gram(side: Activations) -> Grams:
    """The Gram of one layer, which a map of debiased CKA takes as well."""
    values = side.values

    def make() -> Grams:
        of = side.products()
        if of is None:
            return Grams([values], dtype=np.float64)
        total, spread = float(np.trace(of.plain)), float(np.trace(of.centred))
        return Grams([side.compact()], floors=[floor(side.n, side.d, total, spread, precision=values.dtype)])

    return side.once("gram", make)
