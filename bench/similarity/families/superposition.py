"""The best match of two representations under an orthogonal map, as a distance."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from bench.similarity import inputs
from bench.similarity.algebra.basis import singular_values
from bench.similarity.algebra.geometry import centred, compact, spread, unit_norm
from bench.similarity.algebra.precision import as_double, rounding_room
from bench.similarity.measure import Invariance, Measure, OnRows

NEAR = 1e-3  # distances below it are computed from the difference; above it, √(2 - 2 cosine) is right to 1e-10
ARITHMETIC = 1e-13  # of unit norms, after products and a rotation; up to 2e-14 was seen at n = d = 500
MIXED_UP = 1e-4  # singular values below this share of the largest are paired once more


@dataclass(frozen=True)
class OrthogonalMatch(Measure):
    """A function of ‖XᵀY‖_*, X and Y centred and of unit Frobenius norm: their cosine after the best rotation."""

    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling", "translation")
    replicates: ClassVar[int] = 40

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = compact(spread(x)), compact(spread(y))
        rounding_x, rounding_y = (rounding_room(s.dtype) * np.linalg.norm(as_double(s), axis=1) for s in (x, y))

        def on_rows(rows: np.ndarray) -> float:
            a, b = centred(first[rows]), centred(second[rows])
            rounding = relative_rounding(rounding_x[rows], a) + relative_rounding(rounding_y[rows], b)
            return self.of_distance(matched_distance(a, b, rounding))

        return on_rows

    @abstractmethod
    def of_distance(self, distance: float) -> float:
        """The measure from ‖XQ - Y‖ after the best rotation, X and Y centred and of unit norm: 0 to √2."""


def relative_rounding(rounding: np.ndarray, deviations: np.ndarray) -> float:
    """The share of a representation's norm after centring that can be rounding of the activations; NaN without spread.

    Args:
        rounding: (n,) what rounding can have changed in every image's activations, as a norm.
        deviations: (n, d), the centred representation.
    """
    size = float(np.linalg.norm(deviations))
    return float(np.linalg.norm(rounding)) / size if size > 0.0 else float("nan")


# The maximum of ⟨XQ, Y⟩ over orthogonal Q is the sum of the singular values of XᵀY (Schönemann 1966), and the distance
# √(2 - 2 cosine): no Q has to be found. Rotations of x or y leave the singular values alone, so that `compact` may
# change coordinates. Near a cosine of 1 the difference cancels: rounding of 1e-16 in the cosine is 2e-8 in the
# distance, for representations that are one and the same. There the rotated difference itself is formed, which is right
# to ARITHMETIC, and a distance that the rounding of the activations as they came in could make is 0.
def matched_distance(first: np.ndarray, second: np.ndarray, rounding: float) -> float:
    """min over orthogonal Q of ‖XQ - Y‖, X and Y being (n, d1) and (n, d2) centred, scaled to unit Frobenius norm.

    Args:
        rounding: the largest distance that can be rounding alone (`relative_rounding` of both sides).

    Returns:
        Exactly 0 up to rounding; NaN if a side has no spread.
    """
    a, b = unit_norm(first), unit_norm(second)
    if np.isnan(a[0, 0]) or np.isnan(b[0, 0]):
        return float("nan")
    distance = float(np.sqrt(max(2.0 - 2.0 * singular_values(a.T @ b).sum(), 0.0)))
    if distance >= NEAR:
        return distance
    distance = float(np.sqrt(_squared_residual(a, b)))
    return distance if distance > rounding + ARITHMETIC else 0.0


# With AᵀB = U diag(s) Vᵀ the columns of AU and BV are paired, and what is left of either side has no partner. An SVD is
# right to an ulp of the largest singular value only. Pairs of columns far smaller than the largest are mixed up by it,
# and matched again among themselves.
def _squared_residual(a: np.ndarray, b: np.ndarray) -> float:
    """min over orthogonal Q of ‖AQ - B‖², without cancellation."""
    u, s, vt = linalg.svd(a.T @ b, check_finite=False)
    left, right = a @ u, b @ vt.T
    paired = int((s > MIXED_UP * s[0]).sum())
    squared = float(((left[:, :paired] - right[:, :paired]) ** 2).sum())
    left, right = left[:, paired:], right[:, paired:]
    sizes = [float(np.linalg.norm(side)) for side in (left, right)]
    if not paired or min(sizes) < ARITHMETIC:
        return squared + sizes[0] ** 2 + sizes[1] ** 2
    return squared + _squared_residual(left, right)
