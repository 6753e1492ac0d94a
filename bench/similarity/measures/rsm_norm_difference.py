"""Norm of the difference between two matrices of distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs
from bench.similarity.algebra.geometry import TIE, as_they_are, block, squared_between
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows

NORMS = ("frobenius", "spectral")


@dataclass(frozen=True)
class RSMNormDifference(Measure):
    """‖S - S'‖ of the matrices of Euclidean distances between images, neither centred nor scaled.

    It grows with n and with the activations' unit: compare values at the same n and on the same scale. Convention: the
    spectral norm, which is what ReSi's code computes (`ord=2` of a matrix); the survey writes the Frobenius norm.

    Args:
        norm: "spectral" (largest absolute eigenvalue) or "frobenius".

    Source: Klabunde et al. 2025.
    """

    norm: Literal["spectral", "frobenius"] = "spectral"

    title: ClassVar[str] = "RSM norm difference"
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "translation")
    source: ClassVar[str] = "klabunde2025similarity"
    scale: ClassVar[Scale] = "log"
    replicates: ClassVar[int] = 50

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise InputError(f"RSM norm difference: unknown norm {self.norm!r}: {did_you_mean(self.norm, NORMS)}")

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        vectors = [as_they_are(side) for side in (x, y)]
        first, second = (np.sqrt(squared_between(side)) for side in vectors)
        # A distance is right to what rounding can have moved both of its images by, on either side, and the arithmetic
        # to TIE of the largest. A difference below that is 0, or rotated copies would differ by their last digits.
        errors = vectors[0].errors + vectors[1].errors
        rounding = np.maximum(errors[:, None] + errors, TIE * max(first.max(), second.max()))
        difference = np.where(np.abs(first - second) <= rounding, 0.0, first - second)
        return lambda rows: self._size(block(difference, rows))

    def _size(self, symmetric: np.ndarray) -> float:
        if self.norm == "frobenius":
            return float(np.linalg.norm(symmetric))
        # The difference of two symmetric matrices is symmetric: its spectral norm is the larger end of its spectrum,
        # which eigenvalues alone give, faster than an SVD.
        return float(np.abs(linalg.eigvalsh(symmetric, check_finite=False)[[0, -1]]).max())
