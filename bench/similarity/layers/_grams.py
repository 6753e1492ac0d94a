"""Gram matrices of all layers of one network: formed once, U-centred, kept as upper triangles in strips."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from bench.similarity import inputs
from bench.similarity.algebra.precision import rounding_room

SQUARABLE = (1e-15, 1e15)  # root mean squares whose squares, and sums of them, fit into float32
STRIP = 128  # rows; a strip of one layer (n = 1,000, float32) stays in the second-level cache


class Grams:
    """The U-centred linear Gram matrices of a network's layers, for comparison with any number of others.

    >>> rng = np.random.default_rng(0)
    >>> grams = Grams([rng.normal(size=(100, 16)), rng.normal(size=(100, 32))])
    >>> grams.n, grams.widths
    (100, (16, 32))

    Args:
        layers: one (n, d_l) array per layer, of the same n images, n >= 4.
        dtype: float32 or float64, of the products; default the precision of the activations. Sums over images are
            always float64.
        precisions: what each layer was computed in, if its dtype no longer says so.
        floors: of each layer (see `floor`), if what is given are coordinates of it.

    Raises:
        InputError: see `bench.similarity.inputs.layers`.
    """

    # A Gram is symmetric: strips of STRIP rows hold it from the diagonal block rightwards, which is half of it. Each
    # strip is one array (rows, layers, columns), so that one row of two networks' strips is a matrix product
    # (L1, columns) × (columns, L2) of all pairs of layers. Layers are centred before their Gram is formed: centring a
    # float32 Gram of a layer with mean 100 afterwards loses all digits and gives a CKA of 1.0 where 0.87 is true.

    def __init__(
        self,
        layers: Sequence[ArrayLike],
        *,
        dtype: DTypeLike | None = None,
        precisions: Sequence[DTypeLike] | None = None,
        floors: Sequence[float] | None = None,
        name: str = "layers",
    ):
        arrays = inputs.layers(layers, name)
        self.dtype = np.dtype(dtype if dtype is not None else np.result_type(np.float32, *arrays))
        self.n = len(arrays[0])
        self.widths = tuple(array.shape[1] for array in arrays)
        self.strips = _empty_strips(self.n, len(arrays), self.dtype)
        limits = []
        for index, array in enumerate(arrays):
            layer = centred(array, self.dtype)
            _fill(self.strips, index, layer)
            precision = precisions[index] if precisions else array.dtype
            limits.append(floors[index] if floors else _rounding_of_hsic(array, layer.dtype, precision))
        self.self_products = _self_products(self.strips, self.n)
        self.floors = np.array(limits)  # (L,) what rounding alone can make of a layer's sum of self_products

    def __len__(self) -> int:
        return len(self.widths)

    @property
    def nbytes(self) -> int:
        """Memory of all strips, bytes."""
        return sum(strip.nbytes for strip in self.strips)

    @property
    def rounding(self) -> float:
        """How close to 1 a debiased CKA cannot be told from 1 in this precision."""
        return 8.0 * float(np.finfo(self.dtype).eps)


def joined(parts: Sequence[Grams]) -> Grams:
    """The Grams of all layers of all parts, which are of the same images and in the same precision."""
    whole = copy(parts[0])
    whole.dtype = np.result_type(*(part.dtype for part in parts))
    whole.widths = tuple(width for part in parts for width in part.widths)
    whole.strips = [np.concatenate(strips, axis=1) for strips in zip(*(part.strips for part in parts))]
    whole.self_products = np.concatenate([part.self_products for part in parts])
    whole.floors = np.concatenate([part.floors for part in parts])
    return whole


def centred(layer: np.ndarray, dtype: DTypeLike = np.float64) -> np.ndarray:
    """A layer with column means 0 and mean squared row norm 1."""
    # The mean is taken off twice, the second time that of rounding, so that a unit that never changes ends at 0. Unit
    # size keeps squares of squares within float32; a layer whose sum of squares is not starts again in float64.
    values = layer.astype(np.result_type(layer, np.float32, dtype))  # a copy, and the only one of a wide layer
    with np.errstate(over="ignore", invalid="ignore"):
        values -= values.mean(0)
        values = values.astype(dtype, copy=False)
        values -= values.mean(0)
        size = np.sqrt(np.einsum("ij,ij->", values, values) / len(values))
    if not SQUARABLE[0] < size < SQUARABLE[1] and layer.dtype != np.float64:
        return centred(layer.astype(np.float64)).astype(dtype, copy=False)
    if size > 0.0:
        values /= np.asarray(size, dtype)
    return values


# HSIC(x, x) sums the squares of Ãᵢⱼ = kᵢⱼ - sᵢ - sⱼ. Two roundings limit these differences, each by c ε/2 (see
# `rounding_room`): that of the Gram, relative to |xᵢ||xⱼ| of the centred images, and that of the activations as they
# came in, relative to |wⱼ| before centring; as the d errors of an image have nothing to do with xᵢ, ⟨xᵢ, error of wⱼ⟩
# is of the order |xᵢ||wⱼ|/√d, once for i and once for j. In the Frobenius norm ‖Ã‖ = ‖X‖ (c ε ‖X‖/2 + c' ε' ‖W‖/√d) can
# be rounding alone; the floor is its square. A Gram of effective rank k has ‖Ã‖ of about ‖X‖²/√k, far above it.
def floor(
    n: int, d: int, total: float, spread: float, *, precision: DTypeLike, products: DTypeLike = np.float64
) -> float:
    """The largest sum of self_products that a layer (n, d) of unit size can have by rounding alone.

    Args:
        total, spread: its sum of squares as it came in, and less the means.
        products: what Grams are computed in.
        precision: what the activations were computed in.
    """
    size = np.sqrt(n)  # of the layer, whose rows have a root mean square norm of 1
    before = size * np.sqrt(total / spread) if spread > 0.0 else 0.0
    arithmetic = rounding_room(np.dtype(products)) * size
    return float((size * (arithmetic + 2.0 * rounding_room(np.dtype(precision)) * before / np.sqrt(d))) ** 2)


def _rounding_of_hsic(activations: np.ndarray, products: DTypeLike, precision: DTypeLike) -> float:
    mean = activations.mean(0, dtype=np.float64)
    total, spread = 0.0, 0.0
    for start in range(0, len(activations), STRIP):
        rows = activations[start : start + STRIP].astype(np.float64, copy=False)
        total, spread = total + float(np.vdot(rows, rows)), spread + float(((rows - mean) ** 2).sum())
    n, d = activations.shape
    return floor(n, d, total, spread, products=products, precision=precision)


# dᵢ sums over all j, but strips hold only j from their diagonal block on. A strip therefore counts twice: row i gathers
# its own columns, and every column j beyond the diagonal block gathers row i's entry in return.
def row_products(first: Grams, second: Grams) -> np.ndarray:
    """dᵢ = Σⱼ ÃᵢⱼB̃ᵢⱼ for every pair of layers and every image: (L1, L2, n) float64."""
    products = np.zeros((first.n, len(first), len(second)))
    for start, a, b in zip(range(0, first.n, STRIP), first.strips, second.strips):
        rows = len(a)
        products[start : start + rows] += a @ b.transpose(0, 2, 1)
        for left in range(rows, a.shape[2], STRIP):
            columns = slice(left, left + STRIP)
            transposed = np.ascontiguousarray(a[:, :, columns].transpose(2, 1, 0))
            other = np.ascontiguousarray(b[:, :, columns].transpose(2, 1, 0))
            products[start + left : start + left + len(transposed)] += transposed @ other.transpose(0, 2, 1)
    return np.ascontiguousarray(products.transpose(1, 2, 0))


def _empty_strips(n: int, layers: int, dtype: np.dtype) -> list[np.ndarray]:
    return [np.empty((min(STRIP, n - start), layers, n - start), dtype) for start in range(0, n, STRIP)]


def _fill(strips: Sequence[np.ndarray], index: int, layer: np.ndarray) -> None:
    """Write one layer's U-centred Gram into every strip."""
    # U-centring: Ãᵢⱼ = kᵢⱼ - rᵢ/(n-2) - rⱼ/(n-2) + Σr/((n-1)(n-2)), r the row sums without the diagonal. Columns are
    # centred, so that full rows sum to 0 and r = -kᵢᵢ: the diagonal alone is needed, and half of the constant goes with
    # each of i and j.
    n = len(layer)
    diagonal = np.einsum("ij,ij->i", layer, layer, dtype=np.float64)
    shift = (diagonal / (n - 2) - diagonal.sum() / (2 * (n - 1) * (n - 2))).astype(layer.dtype)
    for start, strip in zip(range(0, n, STRIP), strips):
        rows = slice(start, start + len(strip))
        block = layer[rows] @ layer[start:].T
        block += shift[rows, None]
        block += shift[start:]
        np.fill_diagonal(block, 0.0)
        strip[:, index] = block


def _self_products(strips: Sequence[np.ndarray], n: int) -> np.ndarray:
    """dᵢ of every layer with itself: (L, n) float64."""
    products = np.zeros((strips[0].shape[1], n))
    for start, strip in zip(range(0, n, STRIP), strips):
        rows = len(strip)
        for index in range(strip.shape[1]):
            squares = np.square(strip[:, index])
            products[index, start : start + rows] += squares.sum(1, dtype=np.float64)
            products[index, start + rows :] += squares[:, rows:].sum(0, dtype=np.float64)
    return products
