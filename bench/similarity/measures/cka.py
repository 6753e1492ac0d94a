"""Linear CKA, the biased estimator of the first papers: for comparison with them only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.algebra.geometry import spread
from bench.similarity.algebra.kernels import alignment_on_rows
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows


@dataclass(frozen=True)
class CKA(Measure):
    """‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖) of centred representations, in Frobenius norms.

    It grows with d/n whatever the representations: 0.87 on independent data at n = 30, d = 200. Its interval is for the
    biased value at this n.

    Source: Kornblith et al. 2019, section 3.
    """

    title: ClassVar[str] = "Linear CKA (biased)"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "kornblith2019similarity"
    scale: ClassVar[Scale] = "atanh"

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = spread(x), spread(y)
        return alignment_on_rows(first @ first.T, second @ second.T)
