"""Orthonormal bases of representations, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bench.similarity.algebra.geometry import centred
from bench.similarity.algebra.precision import rounding_room
from bench.similarity.measure import OnRows

SHAKY = 1e-5  # a subsample whose smallest pivot is below this share of the largest is decomposed from scratch
VARIANCE_KEPT = 0.99  # of SVCCA


@dataclass(frozen=True)
class Basis:
    """The thin singular value decomposition x = u diag(s) vt, without directions that are only rounding.

    Attributes:
        u: (n, r) orthonormal columns.
        s: (r,) singular values, falling.
        vt: (r, d) orthonormal rows.
    """

    u: np.ndarray
    s: np.ndarray
    vt: np.ndarray


def basis(x: np.ndarray, rounding: float = 0.0) -> Basis:
    """The basis of a representation as it is; centre it first if the measure does.

    Args:
        x: (n, d) float64.
        rounding: directions with singular values up to this (see `rounding_of`) or up to the decomposition's own
            rounding are left out.
    """
    u, s, vt = linalg.svd(x, full_matrices=False, check_finite=False)
    rank = int((s > max(s[0] * max(x.shape) * np.finfo(s.dtype).eps, rounding)).sum())
    return Basis(u[:, :rank], s[:rank], vt[:rank])


# Canonical correlations count every direction alike, a direction of rounding errors as much as a real one. Rounding
# changes a number by at most ε/2 of it, and so the matrix by at most ε/2 ‖x‖ in the Frobenius norm, which bounds the
# change of every singular value (Weyl); the factor c leaves room for the arithmetic before. The usual max(n, d) ε s₁
# would not do for float16: at n = 1,024 it is the largest singular value s₁ itself.
def rounding_of(x: np.ndarray) -> float:
    """The largest singular value that can be rounding alone: c ε/2 ‖x‖, ε the precision of the activations.

    Args:
        x: (n, d) in the precision it was computed in, before centring.
    """
    return rounding_room(x.dtype) * float(np.linalg.norm(x.astype(np.float64, copy=False)))


@dataclass(frozen=True)
class Between:
    """Two representations of the same images in coordinates of orthonormal bases q of the spaces they span.

    Canonical correlations are the singular values of `m`. Procrustes, GULP, regression fit and eigenspace overlap are
    functions of `m`, `x` and `y` too.

    Attributes:
        m: (rx, ry) inner products of the two bases.
        x, y: (rx, d1), (ry, d2), so that q @ x is the (centred) representation.
    """

    m: np.ndarray
    x: np.ndarray
    y: np.ndarray


OfBetween = Callable[[Between], float]


# The rows a = u[rows] (centred again) of the basis u of all images span a subsample's space but are not orthonormal.
# With aᵀa = RᵀR (Cholesky) the columns of aR⁻¹ are, so that m = R₁⁻ᵀ (aᵀb) R₂⁻¹ and x = R₁ s vᵀ: triangular solves of
# the rank's size in place of an SVD of size n × d. Forming aᵀa squares the condition number, which rows of a basis can
# afford, unless a unit lives on the images left out: such a subsample is decomposed from scratch.
def between_on_rows(x: np.ndarray, y: np.ndarray, measure: OfBetween, *, centre: bool = True) -> OnRows:
    """A function of `Between` as a function of the images that are kept.

    Args:
        x, y: (n, d1) and (n, d2), in the precision they were computed in.
    """
    return between_bases((x, y), (basis_of(x, centre), basis_of(y, centre)), measure, centre=centre)


def between_bases(
    sides: tuple[np.ndarray, np.ndarray], bases: tuple[Basis, Basis], measure: OfBetween, *, centre: bool = True
) -> OnRows:
    """`between_on_rows` of two sides whose bases (see `basis_of`) are known."""
    first, second = bases
    n = len(first.u)
    of_all = Between(first.u.T @ second.u, first.s[:, None] * first.vt, second.s[:, None] * second.vt)

    def on_rows(rows: np.ndarray) -> float:
        if not len(first.s) or not len(second.s):
            return float("nan")
        if len(rows) == n:
            return measure(of_all)
        squares = _products(first.u, second.u, of_all.m, rows, centre)
        left, right = _triangle(squares[0]), _triangle(squares[1])
        if left is None or right is None:
            x, y = (side[rows] for side in sides)
            return between_on_rows(x, y, measure, centre=centre)(np.arange(len(rows)))
        half = linalg.solve_triangular(left, squares[2], trans="T", check_finite=False)
        m = linalg.solve_triangular(right, half.T, trans="T", check_finite=False).T
        return measure(Between(m, left @ of_all.x, right @ of_all.y))

    return on_rows


# aᵀa of the rows that are kept is 1 less that of the rows left out, which are fewer where a group is deleted. Columns
# that were centred over all images have sums over both that cancel.
def _products(
    first: np.ndarray, second: np.ndarray, m: np.ndarray, rows: np.ndarray, centre: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """aᵀa, bᵀb and aᵀb of some rows a, b of two bases whose inner products are m."""
    n, kept = len(first), len(rows)
    if 2 * kept > n:
        out = np.delete(np.arange(n), rows)
        a, b = first[out], second[out]
        residuals = [np.eye(len(m)) - a.T @ a, np.eye(m.shape[1]) - b.T @ b, m - a.T @ b]
    else:
        a, b = first[rows], second[rows]
        residuals = [a.T @ a, b.T @ b, a.T @ b]
    if centre:
        sum_a, sum_b = a.sum(0), b.sum(0)
        for product, left, right in zip(residuals, (sum_a, sum_b, sum_a), (sum_a, sum_b, sum_b)):
            product -= np.outer(left, right / kept)
    return residuals[0], residuals[1], residuals[2]


def basis_of(x: np.ndarray, centre: bool = True) -> Basis:
    """The basis of a representation, centred unless told otherwise, without directions of rounding.

    Args:
        x: (n, d) in the precision it was computed in.
    """
    values = x.astype(np.float64, copy=False)
    return basis(centred(values) if centre else values, rounding_of(x))


def _triangle(squares: np.ndarray) -> np.ndarray | None:
    """R of a = QR, from the Cholesky factorisation of aᵀa; None if that would lose too many digits."""
    try:
        triangle = linalg.cholesky(squares, check_finite=False)
    except linalg.LinAlgError:
        return None
    pivots = np.diagonal(triangle)
    return triangle if pivots.min() > SHAKY * pivots.max() else None


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """Singular values, falling."""
    return linalg.svd(matrix, compute_uv=False, check_finite=False)


def correlations(m: np.ndarray) -> np.ndarray:
    """Canonical correlations from M; rounding above 1 is cut off."""
    return np.minimum(singular_values(m), 1.0)


# The common slips: cumulating singular values instead of their squares keeps more directions than hold the share, and
# comparing cumulated shares with threshold × total variance, as ReSi does, keeps a single one as a rule.
def leading_components(variances: np.ndarray, share: float) -> int:
    """How many of the falling variances it takes to reach `share` of their sum."""
    shares = np.cumsum(variances) / np.sum(variances)
    return min(int(np.searchsorted(shares, share)) + 1, len(variances))


def projection_weights(variates: np.ndarray, representation: np.ndarray) -> np.ndarray:
    """PWCCA's αᵢ of the canonical variates (r, k), both in coordinates of the basis in which x is (r, d): (k,)."""
    return np.abs(variates.T @ representation).sum(1)
