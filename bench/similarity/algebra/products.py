"""Inner products of wide layers, formed once: what several measures need of more units than images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from bench.similarity.algebra.geometry import NEAR, Vectors, spread, unit_rows
from bench.similarity.algebra.precision import as_double, rounding_room

SHARE = 0.1  # of an image's inner product with itself; directions that lose more digits are computed from units
MOST = 2000  # images, whose products are worth keeping for the next measure
FEW_NEAR = 2  # near pairs per image that are subtracted unit by unit


@dataclass(frozen=True)
class Products:
    """Inner products of n images with d > n units, float64, of activations in single or half precision.

    What float64 rounds off of them is 1e-9 of what single precision rounded off of the activations, so that distances
    may be differences of products here.

    Attributes:
        centred: (n, n) of the activations less their column means.
        plain: (n, n) of the activations as they are.
        means: (n,) over units.
        d: number of units.
    """

    centred: np.ndarray
    plain: np.ndarray
    means: np.ndarray
    d: int

    def coordinates(self) -> np.ndarray:
        """(n, at most n) with the inner products `centred` between rows."""
        # G = LLᵀ by Cholesky with pivots, which stops where what is left is rounding: a fifth of an eigendecomposition.
        n = len(self.centred)
        tolerance = n * np.finfo(np.float64).eps * np.diagonal(self.centred).max()
        triangle, pivots, rank, _ = lapack.dpstrf(self.centred, lower=1, tol=tolerance)
        coordinates = np.empty((n, max(rank, 1)))
        coordinates[pivots - 1] = np.tril(triangle)[:, : max(rank, 1)]
        return coordinates


def products(x: np.ndarray) -> Products | None:
    """Of activations in single or half precision with more units than images; None of others, and of very many."""
    n, d = x.shape
    if d <= n or n > MOST or x.dtype == np.float64:
        return None
    values, deviations = as_double(x), spread(x)
    mean = values.mean(0)
    inner = deviations @ deviations.T
    along = deviations @ mean
    return Products(inner, inner + along[:, None] + along + float(mean @ mean), values.mean(1), x.shape[1])


# Half of ‖u - v‖² is 1 - cosine. The nearest pairs, which cancel, are subtracted unit by unit, as everywhere; where
# many are, or most of an image is taken off as its mean, this is not the way.
def unit_distances(x: np.ndarray, of: Products, *, centre: bool) -> tuple[np.ndarray, Vectors] | None:
    """1 - cosine (or Pearson correlation, with `centre`) between images, (n, n), or None if products lose digits."""
    squares = np.diagonal(of.plain)
    inner = of.plain - of.d * np.outer(of.means, of.means) if centre else of.plain
    own = np.diagonal(inner)
    if not (own > SHARE * squares).all() or not (np.diagonal(of.centred) > SHARE * own).all():
        return None
    lengths = np.sqrt(own)
    squared = np.maximum(2.0 - 2.0 * inner / np.outer(lengths, lengths), 0.0)
    near_i, near_j = np.nonzero(np.triu(squared <= 2.0 * NEAR, 1))
    if len(near_i) > FEW_NEAR * len(x):
        return None
    for i, j in zip(near_i, near_j):
        pair = as_double(x[[i, j]])
        first, second = unit_rows(pair - pair.mean(1, keepdims=True) if centre else pair)
        squared[i, j] = squared[j, i] = ((first - second) ** 2).sum()
    errors = rounding_room(x.dtype) * np.sqrt(squares) / lengths
    squared[squared <= (errors[:, None] + errors) ** 2] = 0.0
    distance = np.minimum((squared + squared.T) / 4.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    return distance, Vectors(np.empty((len(x), 0)), errors)
