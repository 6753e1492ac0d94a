"""Difference in how evenly images spread over the space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.errors import InputError
from bench.similarity import memory
from bench.similarity.algebra.geometry import as_they_are, squared_between, squared_distances
from bench.similarity.algebra.precision import rounding_room
from bench.similarity.algebra.strips import marks, strips
from bench.similarity.families.difference import Difference
from bench.similarity.measure import Invariance, OnRows

TOO_FAR = "Images lie so far apart on a side that its uniformity is log(1/n) whatever they are."


@dataclass(frozen=True)
class UniformityDifference(Difference):
    """|u(x) - u(y)| with u = log of the mean over all n² pairs of exp(-t‖xᵢ - xⱼ‖²).

    Conventions (ReSi's): t = 2, pairs of an image with itself count, and representations are taken as they are; Wang
    and Isola put them on the unit sphere first. If all distances are large, u is log(1/n) on both sides and the
    difference is 0, which a warning says.

    Args:
        t: sharpness of the kernel, per squared unit of the activations.

    Source: Wang and Isola 2020.
    """

    t: float = 2.0

    title: ClassVar[str] = "Uniformity difference"
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "translation")
    source: ClassVar[str] = "wang2020understanding"

    def __post_init__(self) -> None:
        if not self.t > 0.0:
            raise InputError(f"Uniformity difference: t must be above 0, not {self.t!r}.")

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + 2.25 * memory.of_pairs(n)

    # At distances far beyond 1/√t only the n pairs of an image with itself are left in the mean: u = log(n/n²),
    # whatever the images. Within 1% of that, the measure says nothing.
    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        everyone = np.arange(len(x))
        alone = min(self.of_rows(side)(everyone) for side in (x, y)) < np.log(1.01 / len(x))
        return TOO_FAR if alone else ""

    def of_rows(self, side: np.ndarray) -> OnRows:
        return _Uniformity(squared_distances(side), self.t)

    # du = -t Σ K d(‖xᵢ - xⱼ‖²) / Σ K, K the kernel: what rounding can have moved two images by counts twice their
    # distance, and the logarithm some ulps of its own size.
    def rounding(self, side: np.ndarray) -> float:
        vectors = as_they_are(side)
        squared = squared_between(vectors)
        total = moved = 0.0
        for strip in strips(len(squared)):
            kernel = np.exp(-self.t * squared[strip])
            total += float(kernel.sum())
            moved += float((kernel * np.sqrt(squared[strip]) * (vectors.errors[strip, None] + vectors.errors)).sum())
        size = abs(float(np.log(total / squared.size)))
        return self.t * 2.0 * moved / total + rounding_room(np.dtype(np.float64)) * size


# log Σ exp - 2 log n subtracts two numbers of about 2 log n if all distances are small, and 1e-16 of them is left for
# u. The mean of exp - 1 is then right to its own last digits. It is not where it nears 1/n - 1, at large distances:
# there the sum of exp is.
class _Uniformity:
    """u of a side as a function of the images that are kept, from the sum of its kernel over them.

    Args:
        squared: (n, n) squared distances, written over by the kernel.
    """

    def __init__(self, squared: np.ndarray, t: float):
        self.kernel = squared
        self.kernel *= -t
        self.close = sum(float(np.expm1(squared[strip]).sum()) for strip in strips(len(squared))) > -0.5 * squared.size
        (np.expm1 if self.close else np.exp)(squared, out=squared)

    def __call__(self, rows: np.ndarray) -> float:
        return float(self.on_subsets(np.asarray(rows)[None])[0])

    def on_subsets(self, subsets: np.ndarray) -> np.ndarray:
        n, kept = len(self.kernel), subsets.shape[1]
        chosen = marks(subsets, n)
        sums = np.zeros(len(subsets))
        for strip in strips(n):
            sums += ((self.kernel[strip] @ chosen) * chosen[strip]).sum(0)
        return np.asarray(np.log1p(sums / kept**2) if self.close else np.log(sums) - 2.0 * np.log(kept))
