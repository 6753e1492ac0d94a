"""CKA with Gaussian kernels: similarity of local structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity import inputs, memory
from bench.similarity.algebra.geometry import squared_distances
from bench.similarity.algebra.kernels import alignment
from bench.similarity.algebra.strips import block, upper_triangle
from bench.similarity.intervals import half_samples
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows

OPERATIONS = 800.0  # for a pair of images: two exponentials, two medians, the products


@dataclass(frozen=True)
class RBFCKA(Measure):
    """Biased CKA of the kernels exp(-‖xᵢ - xⱼ‖² / 2σ²), σ a fraction of the median distance.

    Convention: the median is over pairs of different images. Kornblith's code takes it over all entries of the matrix
    of squared distances, the zeros of its diagonal included, which makes σ smaller by a factor that depends on n.

    Args:
        fraction: σ over the square root of the median squared distance.

    Source: Kornblith et al. 2019, section 3.
    """

    fraction: float = 1.0

    title: ClassVar[str] = "RBF CKA (biased)"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    source: ClassVar[str] = "kornblith2019similarity"
    scale: ClassVar[Scale] = "atanh"
    undefined_where: ClassVar[str] = (
        "a side has no spread over these images, or most of them are one and the same, so that its median distance is 0"
    )

    def __post_init__(self) -> None:
        if not self.fraction > 0.0:
            raise InputError(f"RBF CKA: fraction must be above 0, not {self.fraction!r}.")

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + 4.5 * memory.of_pairs(n)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = squared_distances(x), squared_distances(y)
        return lambda rows: alignment(*(self._kernel(block(squared, rows)) for squared in (first, second)))

    def affordable(self, n: int, d1: int, d2: int) -> int:
        return half_samples.affordable(self.replicates, OPERATIONS * (n // 2) ** 2.0)

    # The median, that of the subsample's own images, makes the kernel independent of the activations' scale. A median
    # of 0, where most images are one and the same, leaves the measure undefined.
    def _kernel(self, squared: np.ndarray) -> np.ndarray:
        """The kernel of squared distances, which it is written over."""
        median = float(np.median(upper_triangle(squared), overwrite_input=True))
        if median == 0.0:
            return np.zeros_like(squared)
        # Less 1, which centring takes off anyway: for a large fraction all kernels are nearly 1.
        squared /= -2.0 * self.fraction**2 * median
        return np.asarray(np.expm1(squared, out=squared))
