"""The best match of two representations under an orthogonal map, as a distance."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.algebra.geometry import centred, unit_norm
from bench.similarity.algebra.precision import as_double, rounding_room
from bench.similarity.intervals import half_samples
from bench.similarity.measure import Invariance, Measure, OnRows

DECOMPOSED = 10.0  # operations for the singular values, for a unit cubed
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
    by_image: ClassVar[bool] = True

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def affordable(self, n: int, d1: int, d2: int) -> int:
        units = float(min(max(d1, d2), n))
        return half_samples.affordable(self.replicates, n * units**2 + DECOMPOSED * units**3)

    def memory(self, n: int, d1: int, d2: int) -> float:
        # In at most n coordinates, so that wide sides take no more than matrices of pairs.
        units = float(min(max(d1, d2), n))
        return super().memory(n, d1, d2) + memory.NUMBER * (6.0 * n * units + 4.0 * units**2)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = (Activations(side).compact() for side in (x, y))
        rounding_x, rounding_y = (rounding_room(s.dtype) * np.linalg.norm(as_double(s), axis=1) for s in (x, y))

        def on_rows(rows: np.ndarray) -> float:
            a, b = centred(first[rows]), centred(second[rows])
            rounding = relative_rounding(rounding_x[rows], a) + relative_rounding(rounding_y[rows], b)
            return self.of_distance(matched_distance(a, b, rounding))

        return on_rows

    def prepare(self, side: Activations) -> None:
        """The side centred, in at most n coordinates."""
        _coordinates(side)

    # D² = min ‖XQ - Y‖² of unit norms moves with the weight of image i as if the best Q stayed (envelope theorem): with
    # eᵢ = xᵢQ - yᵢ, by n(‖eᵢ‖² - D²(‖xᵢ‖² + ‖yᵢ‖²)/2), the second term for the norms. Nothing large cancels near 0.
    # With many units per image Q turns towards those that are left, and the second order counts too.
    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """The value with the infinitesimal jackknife to second order; see `Measure.influence_of_sides`."""
        self._accepted(x.values, y.values)
        (first, rounding_x), (second, rounding_y) = _coordinates(x), _coordinates(y)
        match = matched(first, second, rounding_x + rounding_y)
        value, n = self._defined(self._at_most_best(self.of_distance(match.distance))), x.n
        if match.distance == 0.0:
            return value, np.zeros(n)
        norms = (first**2).sum(1) / (first**2).sum() + (second**2).sum(1) / (second**2).sum()
        squared = n * (match.residuals - 0.5 * match.distance**2 * norms) + 2.0 * (n - 1) * match.turns
        return value, self.slope(match.distance) / (2.0 * match.distance) * (squared - squared.mean())

    @abstractmethod
    def slope(self, distance: float) -> float:
        """Derivative of `of_distance`."""

    @abstractmethod
    def of_distance(self, distance: float) -> float:
        """The measure from ‖XQ - Y‖ after the best rotation, X and Y centred and of unit norm: 0 to √2."""


def _coordinates(side: Activations) -> tuple[np.ndarray, float]:
    """A side centred, (n, at most n), and the share of its norm that can be rounding."""

    def make() -> tuple[np.ndarray, float]:
        rounding = rounding_room(side.values.dtype) * np.linalg.norm(as_double(side.values), axis=1)
        centre = centred(side.compact())
        return centre, relative_rounding(rounding, centre)

    return side.once("coordinates", make)


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
    return matched(first, second, rounding).distance


@dataclass(frozen=True)
class Match:
    """Two representations, centred and of unit norm, after the best rotation.

    Attributes:
        distance: ‖XQ - Y‖, exactly 0 up to rounding; NaN if a side has no spread.
        residuals: (n,) ‖xᵢQ - yᵢ‖² of every image.
        turns: (n,) by how much ‖XᵀY‖_* without the image exceeds what the Q of all images reaches.
    """

    distance: float
    residuals: np.ndarray
    turns: np.ndarray


def matched(first: np.ndarray, second: np.ndarray, rounding: float) -> Match:
    """`matched_distance`, and what of it falls to every image."""
    a, b = unit_norm(first), unit_norm(second)
    nothing = np.zeros(len(a))
    if np.isnan(a[0, 0]) or np.isnan(b[0, 0]):
        return Match(float("nan"), nothing, nothing)
    left, right, s = _paired(a, b)
    residuals = _squared_residuals(left, right, s)
    distance = float(np.sqrt(residuals.sum()))
    if not distance > rounding + ARITHMETIC:
        return Match(0.0, nothing, nothing)
    return Match(distance, residuals, _turns(left, right, s) if distance >= NEAR else nothing)


# With AᵀB = U diag(s) Vᵀ the columns of AU and BV are paired, and what is left of either side has no partner.
def _paired(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AU, BV and s."""
    u, s, vt = linalg.svd(a.T @ b, check_finite=False)
    return a @ u, b @ vt.T, s


# An SVD is right to an ulp of the largest singular value only. Pairs of columns far smaller than the largest are mixed
# up by it, and matched again among themselves.
def _squared_residuals(left: np.ndarray, right: np.ndarray, s: np.ndarray) -> np.ndarray:
    """‖aᵢQ - bᵢ‖² of every image for the orthogonal Q that makes their sum smallest, without cancellation: (n,)."""
    paired = int((s > MIXED_UP * s[0]).sum())
    squared = ((left[:, :paired] - right[:, :paired]) ** 2).sum(1)
    left, right = left[:, paired:], right[:, paired:]
    if not paired or min(np.linalg.norm(side) for side in (left, right)) < ARITHMETIC:
        return np.asarray(squared + (left**2).sum(1) + (right**2).sum(1))
    return np.asarray(squared + _squared_residuals(*_paired(left, right)))


# ‖S + E‖_* of a diagonal S is tr S + tr E + Σ (Eᵢⱼ - Eⱼᵢ)²/(4(sᵢ + sⱼ)) to second order. Without an image E is
# -n/(n-1) pqᵀ, p and q its rows of AU and BV, and the sum over i and j takes two products of matrices for all images.
def _turns(left: np.ndarray, right: np.ndarray, s: np.ndarray) -> np.ndarray:
    n, units = len(left), max(left.shape[1], right.shape[1])
    p, q = (np.pad(side, ((0, 0), (0, units - side.shape[1]))) for side in (left, right))
    values = np.pad(s, (0, units - len(s)))
    sums = values[:, None] + values
    weights = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > MIXED_UP**2 * s[0])
    products = p * q
    squares = ((p**2 @ weights) * q**2).sum(1) - ((products @ weights) * products).sum(1)
    return np.asarray(0.5 * (n / (n - 1.0)) ** 2 * squares)
