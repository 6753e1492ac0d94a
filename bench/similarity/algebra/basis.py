"""Orthonormal bases of representations, and what is between two of them.

Canonical correlations are the singular values of M = U'V, where U and V are orthonormal bases of the two (centred)
representations; Procrustes, GULP, regression fit and eigenspace overlap are functions of M and the singular values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bench.similarity.algebra.geometry import centred
from bench.similarity.measure import OnRows

ROOM = {np.dtype(np.float16): 4.0}  # for the arithmetic before: half precision is summed in single, rounded at the end
USUAL_ROOM = 32.0  # sums of many terms, and a mean that is taken off them; above 2 was seen in a network with big means
SHAKY = 1e-5  # a subsample whose smallest pivot is below this share of the largest is decomposed from scratch


@dataclass(frozen=True)
class Basis:
    """The thin singular value decomposition x = u diag(s) vt, without directions that are rounding alone.

    Attributes:
        u: (n, r) orthonormal columns.
        s: (r,) singular values, falling.
        vt: (r, d) orthonormal rows.
    """

    u: np.ndarray
    s: np.ndarray
    vt: np.ndarray


def basis(x: np.ndarray, rounding: float = 0.0) -> Basis:
    """The basis of a representation as it is; centre it first where the measure does.

    Args:
        x: (n, d) float64.
        rounding: see `rounding_of`; directions of no more than that, or than the decomposition's own, are left out.
    """
    u, s, vt = linalg.svd(x, full_matrices=False, check_finite=False)
    rank = int((s > max(s[0] * max(x.shape) * np.finfo(s.dtype).eps, rounding)).sum())
    return Basis(u[:, :rank], s[:rank], vt[:rank])


def rounding_of(x: np.ndarray) -> float:
    """How large a singular value of activations may be that are rounding alone: c ε/2 ‖x‖, ε their precision's.

    Rounding changes a number by at most ε/2 of it, and so the matrix by at most ε/2 ‖x‖ in the Frobenius norm, which
    bounds every singular value's change; c leaves room for the arithmetic that came before. The usual max(n, d) ε s₁
    would not do for float16: it exceeds the largest singular value s₁ itself from n = 1,024 on.

    Args:
        x: (n, d) in the precision it was computed in, before centring.
    """
    size = np.linalg.norm(x.astype(np.float64, copy=False))
    return float(ROOM.get(x.dtype, USUAL_ROOM) * np.finfo(x.dtype).eps / 2.0 * size)


@dataclass(frozen=True)
class Between:
    """Two representations of a subsample, each as q @ r with orthonormal q, in the coordinates of their bases.

    Attributes:
        m: (rx, ry) inner products of the two orthonormal bases.
        x, y: (rx, d1), (ry, d2): the representations in those bases, so that q @ x is the (centred) representation.
    """

    m: np.ndarray
    x: np.ndarray
    y: np.ndarray


OfBetween = Callable[[Between], float]


def between_on_rows(x: np.ndarray, y: np.ndarray, measure: OfBetween, *, centre: bool = True) -> OnRows:
    """A function of `Between` as a function of the rows that are kept.

    The bases of all images are found once. A subsample of their rows is well conditioned, so that a Cholesky
    factorisation makes it orthonormal again; where it is not (a unit that lives on the images left out), the subsample
    is decomposed from scratch.

    Args:
        x, y: (n, d1) and (n, d2), in the precision they were computed in.
    """
    first, second = _basis_of(x, centre), _basis_of(y, centre)
    whole = Between(first.u.T @ second.u, first.s[:, None] * first.vt, second.s[:, None] * second.vt)

    def on_rows(rows: np.ndarray) -> float:
        if not len(first.s) or not len(second.s):
            return float("nan")
        if len(rows) == len(x):
            return measure(whole)
        a, b = first.u[rows], second.u[rows]
        if centre:
            a, b = a - a.mean(0), b - b.mean(0)
        left, right = _triangle(a), _triangle(b)
        if left is None or right is None:
            return between_on_rows(x[rows], y[rows], measure, centre=centre)(np.arange(len(rows)))
        half = linalg.solve_triangular(left, a.T @ b, trans="T", check_finite=False)
        m = linalg.solve_triangular(right, half.T, trans="T", check_finite=False).T
        return measure(Between(m, left @ whole.x, right @ whole.y))

    return on_rows


def _basis_of(x: np.ndarray, centre: bool) -> Basis:
    values = x.astype(np.float64, copy=False)
    return basis(centred(values) if centre else values, rounding_of(x))


def _triangle(a: np.ndarray) -> np.ndarray | None:
    """R of a = QR, from the Cholesky factorisation of a'a; None where that would lose too many digits."""
    try:
        triangle = linalg.cholesky(a.T @ a, check_finite=False)
    except linalg.LinAlgError:
        return None
    pivots = np.diagonal(triangle)
    return triangle if pivots.min() > SHAKY * pivots.max() else None


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """Singular values, falling."""
    return linalg.svd(matrix, compute_uv=False, check_finite=False)


def correlations(m: np.ndarray) -> np.ndarray:
    """Canonical correlations from M, rounding above 1 cut off."""
    return np.minimum(singular_values(m), 1.0)
