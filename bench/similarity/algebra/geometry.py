"""Centring, norms and distances that several measures share: float64, and distances exactly symmetric."""

from __future__ import annotations

import numpy as np

from bench.similarity.algebra.precision import as_double, rounding_room


def centred(x: np.ndarray) -> np.ndarray:
    """x less its column means."""
    # Twice: the mean of equal numbers is rounded, so that a unit that never changes would be left with a constant of
    # the order of 1e-16, which later divisions by its norm would blow up. The second mean takes that constant off.
    values = x - x.mean(0)
    values -= values.mean(0)
    return values


# A unit that never changes comes out of float32 arithmetic with other last digits per image. Divided by a norm, or
# ranked, those digits would count as much as a live unit's. A unit is dead if what is left of it after centring is at
# most c ε/2 of what it was before, ε the precision that it was computed in (`rounding_room`).
def spread(x: np.ndarray) -> np.ndarray:
    """x less its column means, float64; exactly 0 for units whose spread is rounding alone.

    Args:
        x: (n, d) in the precision it was computed in.
    """
    values = as_double(x)
    deviations = centred(values)
    dead = np.linalg.norm(deviations, axis=0) <= rounding_room(x.dtype) * np.linalg.norm(values, axis=0)
    deviations[:, dead] = 0.0
    return deviations


def unit_norm(x: np.ndarray) -> np.ndarray:
    """x divided by its Frobenius norm; NaN if x is 0."""
    size = np.linalg.norm(x)
    return x / size if size > 0.0 else np.full_like(x, np.nan)


def compact(x: np.ndarray) -> np.ndarray:
    """At most n columns with the same inner products between rows."""
    # x = LQ with orthonormal rows in Q, so that x xᵀ = L Lᵀ: for d > n the (n, n) triangle L stands for x wherever only
    # inner products between images count, and every subsample is decomposed at width n instead of d.
    n, d = x.shape
    return np.asarray(np.linalg.qr(x.T, mode="r")).T if d > n else x


def squared_distances(x: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances between rows, (n, n), diagonal exactly 0, never negative."""
    # ‖a - b‖² = ‖a‖² + ‖b‖² - 2ab subtracts large numbers if the images share a large mean, which no distance contains:
    # it is taken off first. What rounding still leaves below 0 is cut off.
    shifted = centred(x)
    products = shifted @ shifted.T
    norms = np.diagonal(products)
    return np.maximum(norms[:, None] + norms - 2.0 * products, 0.0)


def distances(x: np.ndarray) -> np.ndarray:
    """Euclidean distances between rows, (n, n)."""
    return np.sqrt(squared_distances(x))


def cosine_distances(x: np.ndarray) -> np.ndarray:
    """1 - cosine between rows, (n, n), diagonal 0; a row of zeros is at distance 1 from all others."""
    directions = unit_rows(x)
    cosine_distance = np.clip(1.0 - directions @ directions.T, 0.0, 2.0)
    np.fill_diagonal(cosine_distance, 0.0)
    return cosine_distance


def correlation_distances(x: np.ndarray) -> np.ndarray:
    """1 - Pearson correlation between rows, (n, n), diagonal 0; a constant row is at distance 1 from all others."""
    return cosine_distances(centred(x.T).T)


def unit_rows(x: np.ndarray) -> np.ndarray:
    """Rows divided by their length; rows of zeros stay."""
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, lengths, out=np.zeros_like(x), where=lengths > 0.0)


def double_centred(matrix: np.ndarray) -> np.ndarray:
    """HKH with H = I - 1/n: a symmetric matrix less its row and column means, plus its grand mean."""
    means = matrix.mean(0)
    return matrix - means - means[:, None] + means.mean()


def upper_triangle(matrix: np.ndarray) -> np.ndarray:
    """The entries above the diagonal, (n(n-1)/2,)."""
    return matrix[np.triu_indices(len(matrix), 1)]


def block(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows and columns of some images."""
    return matrix[np.ix_(rows, rows)]
