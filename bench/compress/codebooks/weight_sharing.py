"""Weights of a layer that share a few values (Han, Mao & Dally 2016, section 3)."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from bench.compress.codebooks import shared_words
from bench.compress.codebooks.shared_words import Words
from bench.compress.pruning.masking import prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

ITERATIONS = 100  # of k-means, at most
LEAST_USES = 4  # weights a value: a table larger than what it saves makes no sense


def shared(compressed: Compressed, workbench: Workbench, bits: tuple[int, int], *, distill: bool) -> Compressed:
    """A copy whose layers share values, which are then trained; pruned weights stay zero.

    Args:
        bits: of a symbol in convolutions, and in linear layers.
    """
    network = deepcopy(compressed.network)
    words = {
        name: share(weight.detach().float().cpu().numpy(), bits[weight.ndim == 2])
        for name, weight in prunable(network).items()
    }
    shared_words.share(network, words)
    history = workbench.finetune(network, distill=distill)
    representations = shared_words.fixed(network, words)
    return compressed.but(network=network, representations=representations, history=(*compressed.history, *history))


def share(weight: np.ndarray, bits: int) -> Words:
    """Symbol 0 for zero, and values of the other symbols by k-means from evenly spaced ones.

    At most `bits` bits a symbol, and at least four weights that are not zero a value.
    """
    flat = weight.reshape(-1)
    alive = flat[flat != 0].astype(np.float64)
    words = min(2**bits, 2 ** int(np.log2(max(alive.size / LEAST_USES, 2))))
    codebook, codes = np.zeros((words, 1), np.float32), np.zeros(flat.size, np.int64)
    if alive.size:
        values, nearest = _from_evenly_spaced(alive, words - 1)
        codebook[1:, 0] = values
        codes[flat != 0] = nearest + 1
    return Words(codebook, codes.reshape(weight.shape[0], -1), fixed_zero=True)


def _from_evenly_spaced(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Means (count,) ascending, and which of them is nearest to each value. A mean without values stays in its place.

    Evenly spaced beginnings keep the few large weights, which matter most (their section 3.2).
    """
    means = np.linspace(values.min(), values.max(), count)
    nearest = np.zeros(0, np.int64)
    for _ in range(ITERATIONS):
        before, nearest = nearest, np.searchsorted((means[1:] + means[:-1]) / 2, values)
        if np.array_equal(before, nearest):
            break
        counts = np.bincount(nearest, minlength=count)
        sums = np.bincount(nearest, values, count)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), means)
    return means, nearest
