"""Normalised inner products of double-centred n × n matrices: biased CKA of kernels, correlation of distances."""

from __future__ import annotations

import numpy as np

from bench.similarity.algebra.strips import block, marks, strips

CANCELLED = 1e-3  # share of a sum's terms; a sum below it is computed from the subset's own matrix


# Of two kernels this is CKA with the biased (V-statistic) HSIC, of two matrices of distances the squared distance
# correlation. The diagonal counts, and with many units per image it makes independent representations look similar.
def alignment(first: np.ndarray, second: np.ndarray) -> float:
    """Cosine between two symmetric matrices after double centring; NaN if one of them is then 0."""
    offsets = [_offsets(matrix) for matrix in (first, second)]
    cross = squares_a = squares_b = 0.0
    for strip in strips(len(first)):
        a, b = (_centred(matrix, strip, offset) for matrix, offset in zip((first, second), offsets))
        cross += float(np.vdot(a, b))
        squares_a += float(np.vdot(a, a))
        squares_b += float(np.vdot(b, b))
    return _cosine(cross, squares_a, squares_b)


class AlignmentOnRows:
    """`alignment` as a function of the images that are kept, one subset at a time or many at once.

    >>> x = np.random.default_rng(0).normal(size=(6, 2))
    >>> on_rows = AlignmentOnRows(x @ x.T, x @ x.T)
    >>> float(round(on_rows(np.arange(6)), 9)), on_rows.on_subsets(np.array([[0, 1, 2], [3, 4, 5]])).round(9)
    (1.0, array([1., 1.]))

    Args:
        first, second: (n, n) symmetric; they are only read.
    """

    def __init__(self, first: np.ndarray, second: np.ndarray):
        self.sides = (first, second)
        self.offsets = tuple(_offsets(matrix) for matrix in self.sides)

    def __call__(self, rows: np.ndarray) -> float:
        if len(rows) == len(self.sides[0]):
            return alignment(*self.sides)
        return alignment(*(block(matrix, rows) for matrix in self.sides))

    # No subset's matrix is formed. With A and B double-centred over all images and w marking m of them, the sum over
    # the subset's own double-centred matrices is wᵀ(A∘B)w - 2/m Σᵢ wᵢ(Aw)ᵢ(Bw)ᵢ + (wᵀAw)(wᵀBw)/m²: for all subsets at
    # once five products of n × n by n × R. Where the images left out carry nearly all of a side, little is left of
    # these terms, and the subset's own matrix is centred instead.
    def on_subsets(self, subsets: np.ndarray) -> np.ndarray:
        """The alignment on each of R subsets (R, kept) of row indices: (R,)."""
        n, kept = len(self.sides[0]), subsets.shape[1]
        chosen = marks(subsets, n)
        pairs = ((0, 1), (0, 0), (1, 1))
        products = np.zeros((len(pairs), len(subsets)))
        sums = np.zeros((2, n, len(subsets)))
        for strip in strips(n):
            sides = [_centred(matrix, strip, offset) for matrix, offset in zip(self.sides, self.offsets)]
            for index, side in enumerate(sides):
                sums[index, strip] = (side @ chosen) * chosen[strip]
            for index, (a, b) in enumerate(pairs):
                products[index] += (((sides[a] * sides[b]) @ chosen) * chosen[strip]).sum(0)
        totals = sums.sum(1)
        values = np.empty(len(subsets))
        terms = [
            (products[index], 2.0 / kept * (sums[a] * sums[b]).sum(0), totals[a] * totals[b] / kept**2)
            for index, (a, b) in enumerate(pairs)
        ]
        left = np.array([product - rows + total for product, rows, total in terms])
        size = np.array([np.abs(product) + np.abs(rows) + np.abs(total) for product, rows, total in terms])
        for at, subset in enumerate(subsets):
            precise = (left[1:, at] > CANCELLED * size[1:, at]).all()
            values[at] = _cosine(*left[:, at]) if precise else self(subset)
        return values


def _offsets(matrix: np.ndarray) -> np.ndarray:
    """What double centring takes off row and column i each: (n,)."""
    means = matrix.mean(0)
    return np.asarray(means - means.mean() / 2.0)


def _centred(matrix: np.ndarray, strip: slice, offsets: np.ndarray) -> np.ndarray:
    """Rows of HKH, H = I - 1/n."""
    rows = matrix[strip] - offsets
    rows -= offsets[strip, None]
    return np.asarray(rows)


def _cosine(cross: float, squares_a: float, squares_b: float) -> float:
    sizes = np.sqrt(squares_a) * np.sqrt(squares_b)
    return float(cross / sizes) if sizes > 0.0 else float("nan")
