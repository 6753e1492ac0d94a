"""Debiased CKA of every pair of layers on many distinct half-samples of the images, as matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.errors import InputError
from bench.similarity.intervals import half_samples as subsampling
from bench.similarity.intervals.jackknife import ratio
from bench.similarity.layers._grams import STRIP, Grams, row_products
from bench.similarity.layers._map import LayerMap
from bench.similarity.layers._pairwise import Layers, paired

HALF_SAMPLES = "distinct half-samples of images, atanh scale, t"
FEWEST_IMAGES = 8  # half of them are the four that a debiased HSIC needs
AT_ONCE = 256  # replicates per product; bounds the memory of the row sums


def half_samples(
    xs: Layers, ys: Layers, *, replicates: int = 1000, seed: int = 0, confidence: float = 0.95
) -> LayerMap:
    """Debiased linear CKA of all pairs of layers, with intervals from distinct half-samples on the atanh scale.

    Args:
        xs, ys: one (n, d_l) array per layer, or the network's `Grams`.
        replicates: number of half-samples, at least 2; all pairs share them.
        seed: of the draws; the same seed gives the same bytes.

    Returns:
        A map without `influence`; its `n_eff` holds the degrees of freedom, replicates - 1.

    Raises:
        InputError: the activations are unusable, n < 8, or there are fewer than 2 replicates.
    """
    first, second = paired(xs, ys)
    n, rounding = first.n, max(first.rounding, second.rounding)
    if n < FEWEST_IMAGES or replicates < 2:
        raise InputError(f"half-samples need n >= {FEWEST_IMAGES} and replicates >= 2, not {n} and {replicates}.")
    subsets = subsampling.draw(n, n // 2, replicates, seed)
    self_x, self_y = first.self_products.sum(-1), second.self_products.sum(-1)
    floors = (first.floors[:, None], second.floors)
    value = ratio(row_products(first, second).sum(-1), self_x[:, None], self_y, rounding, floors)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.arctanh(value)
        error = subsampling.standard_error(np.arctanh(_values(first, second, subsets, rounding)), n, n // 2)
        error[np.abs(value) == 1.0] = 0.0
        half = subsampling.quantile(confidence, len(subsets)) * error
        low, high = np.tanh(z - half), np.tanh(z + half)
    df = np.full(value.shape, len(subsets) - 1.0)
    return LayerMap(value, low, high, error, df, n, HALF_SAMPLES, confidence)


# No half-sample's Gram is formed. For a 0/1 vector w that marks one, every sum that HSIC needs is linear or quadratic
# in w: wᵀ(Ã∘B̃)w, the row sums Ãw and the total wᵀÃw. With W (n, replicates) they are matrix products over the Grams of
# all images, whose U-centring only added a number per image, to which HSIC is indifferent.
def _values(first: Grams, second: Grams, subsets: np.ndarray, rounding: float) -> np.ndarray:
    """Debiased CKA on each subset: (replicates, L1, L2)."""
    size = subsets.shape[1]
    parts = []
    for marks in _marks(subsets, first.n, np.result_type(first.dtype, second.dtype)):
        rows_x, rows_y = _row_sums(first, marks), _row_sums(second, marks)
        cross = _hsic(_products(first, second, marks), rows_x[:, None], rows_y[None], size)
        self_x = _hsic(_self_products(first, marks), rows_x, rows_x, size)
        self_y = _hsic(_self_products(second, marks), rows_y, rows_y, size)
        # Where the images left out carry all of a side's HSIC, what a subset keeps of it is the rounding of the whole.
        left = np.maximum(first.floors, rounding * first.self_products.sum(-1))[:, None, None]
        right = np.maximum(second.floors, rounding * second.self_products.sum(-1))[None, :, None]
        parts.append(ratio(cross, self_x[:, None], self_y[None], rounding, (left, right)))
    return np.concatenate(parts, axis=-1).transpose(2, 0, 1)


def _marks(subsets: np.ndarray, n: int, dtype: np.dtype) -> Iterator[np.ndarray]:
    """The subsets as columns of 0 and 1, (n, up to AT_ONCE) at a time."""
    for start in range(0, len(subsets), AT_ONCE):
        chosen = subsets[start : start + AT_ONCE]
        marks = np.zeros((n, len(chosen)), dtype)
        np.put_along_axis(marks, chosen.T, 1.0, axis=0)
        yield marks


def _hsic(products: np.ndarray, rows_x: np.ndarray, rows_y: np.ndarray, size: int) -> np.ndarray:
    """m(m-3) HSIC on each subset of m images, by Nguyen et al. 2021, equation 3.

    Args:
        products: w'(Ã∘B̃)w, (..., replicates).
        rows_x, rows_y: row sums within the subset, 0 outside it, (..., n, replicates).
    """
    totals = rows_x.sum(-2, dtype=np.float64) * rows_y.sum(-2, dtype=np.float64)
    left, right = np.broadcast_arrays(rows_x, rows_y)
    # Σᵢ of products of row sums, pair by pair: all at once would take (L1, L2, n, replicates) numbers.
    inner = np.empty(products.shape)
    for at in np.ndindex(products.shape[:-1]):
        inner[at] = np.einsum("ib,ib->b", left[at], right[at])
    return products + totals / ((size - 1) * (size - 2)) - 2.0 / (size - 2) * inner


def _row_sums(grams: Grams, marks: np.ndarray) -> np.ndarray:
    """Row sums of each layer's Gram within each subset, 0 outside it: (L, n, replicates)."""
    sums = np.zeros((len(grams), *marks.shape), marks.dtype)
    for start, strip in zip(range(0, grams.n, STRIP), grams.strips):
        stop = start + len(strip)
        for layer in range(len(grams)):
            sums[layer, start:stop] += strip[:, layer] @ marks[start:]
            sums[layer, stop:] += strip[:, layer, len(strip) :].T @ marks[start:stop]
    sums *= marks
    return sums


def _products(first: Grams, second: Grams, marks: np.ndarray) -> np.ndarray:
    """w'(Ã∘B̃)w of every pair of layers and subset: (L1, L2, replicates) float64."""
    totals = np.zeros((len(first), len(second), marks.shape[1]))
    for start, a, b in zip(range(0, first.n, STRIP), first.strips, second.strips):
        others = np.ascontiguousarray(b.transpose(1, 0, 2))
        for layer in range(len(first)):
            totals[layer] += _quadratic(_doubled(a[:, layer]) * others, marks, start)
    return totals


def _self_products(grams: Grams, marks: np.ndarray) -> np.ndarray:
    """w'(Ã∘Ã)w of every layer and subset: (L, replicates) float64."""
    totals = np.zeros((len(grams), marks.shape[1]))
    for start, strip in zip(range(0, grams.n, STRIP), grams.strips):
        squares = np.square(strip.transpose(1, 0, 2))
        squares[:, :, len(strip) :] *= 2.0
        totals += _quadratic(squares, marks, start)
    return totals


def _doubled(strip: np.ndarray) -> np.ndarray:
    """A strip that counts for both triangles: everything right of the diagonal block twice."""
    both = strip.copy()
    both[:, len(strip) :] *= 2.0
    return both


def _quadratic(products: np.ndarray, marks: np.ndarray, start: int) -> np.ndarray:
    """A strip's part of w'Pw, for P (layers, rows, columns): (layers, replicates)."""
    layers, rows, columns = products.shape
    weighted = (products.reshape(-1, columns) @ marks[start:]).reshape(layers, rows, -1)
    return np.einsum("lib,ib->lb", weighted, marks[start : start + rows])
