"""Norm of the difference between two matrices of distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import linalg

from bench.errors import InputError, did_you_mean
from bench.similarity.algebra.geometry import block, distances
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

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        difference = distances(x) - distances(y)
        return lambda rows: self._size(block(difference, rows))

    def _size(self, symmetric: np.ndarray) -> float:
        if self.norm == "frobenius":
            return float(np.linalg.norm(symmetric))
        # The difference of two symmetric matrices is symmetric: its spectral norm is the larger end of its spectrum,
        # which eigenvalues alone give, faster than an SVD.
        return float(np.abs(linalg.eigvalsh(symmetric, check_finite=False)[[0, -1]]).max())
