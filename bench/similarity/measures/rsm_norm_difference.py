"""Norm of the difference between two matrices of distances."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs, memory
from bench.similarity.algebra.geometry import TIE, as_they_are, squared_between
from bench.similarity.algebra.strips import block, strips
from bench.similarity.intervals import half_samples
from bench.similarity.intervals.scales import Scale
from bench.similarity.measure import Invariance, Measure, OnRows

NORMS = ("frobenius", "spectral")
DENSE = 1000  # images; up to here all eigenvalues are found
PRODUCTS = 500.0  # of the matrix with a vector, about what Lanczos takes


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

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + 2.25 * memory.of_pairs(n)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        vectors = [as_they_are(side) for side in (x, y)]
        first, second = (squared_between(side) for side in vectors)
        for squared in (first, second):
            np.sqrt(squared, out=squared)
        # A distance is right to what rounding can have moved both of its images by, on either side, and the arithmetic
        # to TIE of the largest. A difference below that is 0, or rotated copies would differ by their last digits.
        errors = vectors[0].errors + vectors[1].errors
        arithmetic = TIE * max(first.max(), second.max())
        difference = first
        difference -= second
        for strip in strips(len(difference)):
            rounding = np.maximum(errors[strip, None] + errors, arithmetic)
            difference[strip][np.abs(difference[strip]) <= rounding] = 0.0
        return lambda rows: self._size(difference if len(rows) == len(x) else block(difference, rows))

    def affordable(self, n: int, d1: int, d2: int) -> int:
        return half_samples.affordable(self.replicates, PRODUCTS * (n // 2) ** 2.0)

    def _size(self, symmetric: np.ndarray) -> float:
        if self.norm == "frobenius":
            return float(np.linalg.norm(symmetric))
        # The difference of two symmetric matrices is symmetric: its spectral norm is the larger end of its spectrum,
        # which eigenvalues alone give, faster than an SVD, and of many images Lanczos' iteration, which needs no copy.
        if len(symmetric) > DENSE and symmetric.any():
            start = np.random.default_rng(0).normal(size=len(symmetric))
            with contextlib.suppress(ArpackNoConvergence):
                return float(abs(eigsh(symmetric, k=1, which="LM", v0=start, return_eigenvectors=False)[0]))
        return float(np.abs(linalg.eigvalsh(symmetric, check_finite=False)[[0, -1]]).max())
