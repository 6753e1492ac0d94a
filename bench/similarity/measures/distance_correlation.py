"""Distance correlation: in the population 0 only for independent representations, whatever the dependence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs, memory
from bench.similarity.algebra.geometry import distances
from bench.similarity.algebra.kernels import AlignmentOnRows
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows


@dataclass(frozen=True)
class DistanceCorrelation(Measure):
    """√(dCov²(x, y) / √(dVar²(x) dVar²(y))) with Euclidean distances and the sample (V-statistic) estimator.

    Convention: the square root is taken, as in Székely et al. 2007 and ReSi; some packages print its square. Like
    biased CKA it grows with d/n.

    Source: Székely, Rizzo and Bakirov 2007.
    """

    title: ClassVar[str] = "Distance correlation"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "szekely2007measuring"
    scale: ClassVar[Scale] = "atanh"

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + 4.25 * memory.of_pairs(n)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        # Never negative in exact arithmetic, the V-statistic may still round to below 0.
        return _Root(distances(x), distances(y))


class _Root:
    """The root of the squared distance correlation, as a function of the images that are kept."""

    def __init__(self, first: np.ndarray, second: np.ndarray):
        self.squared = AlignmentOnRows(first, second)

    def __call__(self, rows: np.ndarray) -> float:
        return float(np.sqrt(np.maximum(self.squared(rows), 0.0)))

    def on_subsets(self, subsets: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(np.maximum(self.squared.on_subsets(subsets), 0.0)))
