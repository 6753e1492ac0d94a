"""The best match of two representations under an orthogonal map, as a cosine."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.basis import singular_values
from bench.similarity.algebra.geometry import centred, compact, unit_norm
from bench.similarity.measure import Invariance, Measure, OnRows


@dataclass(frozen=True)
class OrthogonalMatch(Measure):
    """A function of ‖XᵀY‖_*, X and Y centred and of unit Frobenius norm: their cosine after the best rotation."""

    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    replicates: ClassVar[int] = 40

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.of_cosine(matched_cosine(x, y))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = compact(centred(x)), compact(centred(y))
        return lambda rows: self.compute(first[rows], second[rows])

    @abstractmethod
    def of_cosine(self, cosine: float) -> float:
        """The distance from the cosine, 0 to 1."""


# The maximum of ⟨XQ, Y⟩ over orthogonal Q is the sum of the singular values of XᵀY (Schönemann 1966), which `compact`
# leaves alone. Rounding can put the cosine of identical sides above 1, where √ and arccos are undefined.
def matched_cosine(x: np.ndarray, y: np.ndarray) -> float:
    """max over orthogonal Q of ⟨XQ, Y⟩ / (‖X‖ ‖Y‖), both centred; NaN if a side has no spread."""
    first, second = (unit_norm(compact(centred(side))) for side in (x, y))
    if np.isnan(first[0, 0]) or np.isnan(second[0, 0]):
        return float("nan")
    return float(min(singular_values(first.T @ second).sum(), 1.0))


def procrustes_distance(cosine: float) -> float:
    """‖XQ - Y‖ = √(2 - 2 cosine) of representations of unit norm after the best rotation."""
    return float(np.sqrt(2.0 - 2.0 * cosine))
