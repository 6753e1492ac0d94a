"""Weight sharing: the weights of a layer take a few values (Han, Mao & Dally 2016, section 3)."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from bench.compress.codebooks import shared_words
from bench.compress.codebooks.shared_words import Words
from bench.compress.pruning.masking import prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

ITERATIONS = 100  # of k-means, at most
LEAST_USES = 4  # weights per value, or the table would be larger than what it saves


def shared(compressed: Compressed, workbench: Workbench, bits: tuple[int, int], *, distill: bool) -> Compressed:
    """A copy whose layers each share a few values, which are then fine-tuned; pruned weights stay zero.

    Args:
        bits: width of a symbol, in convolutions and in linear layers.
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
    """Words of one weight each: symbol 0 is zero, the values of all others come from k-means.

    Args:
        bits: of a symbol, at most; fewer if there would be fewer than four surviving weights per value.
    """
    # Pruned weights get a symbol of their own rather than the nearest mean, so that the sparse layouts may leave it out
    # and training cannot revive it. All other symbols are fitted to the surviving weights alone.
    flat = weight.reshape(-1)
    survivors = flat[flat != 0].astype(np.float64)
    words = min(2**bits, 2 ** int(np.log2(max(survivors.size / LEAST_USES, 2))))
    codebook, codes = np.zeros((words, 1), np.float32), np.zeros(flat.size, np.int64)
    if survivors.size:
        values, nearest = _from_evenly_spaced(survivors, words - 1)
        codebook[1:, 0] = values
        codes[flat != 0] = nearest + 1
    return Words(codebook, codes.reshape(weight.shape[0], -1), fixed_zero=True)


def _from_evenly_spaced(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """One-dimensional k-means from evenly spaced means: means (count,) ascending, and the nearest to each value."""
    # Evenly spaced starts reach the few large weights, which matter most; random ones would crowd where weights are
    # dense, around the small (their section 3.2). In one dimension the nearest of ascending means is found by their
    # midpoints, and means stay ascending. A mean without values stays as it is.
    means = np.linspace(values.min(), values.max(), count)
    nearest = _Nearest(values)
    for _ in range(ITERATIONS):
        if not nearest.moved((means[1:] + means[:-1]) / 2):
            break
        counts = np.bincount(nearest.codes, minlength=count)
        sums = np.bincount(nearest.codes, values, count)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), means)
    return means, nearest.codes


class _Nearest:
    """How many midpoints lie below each value, kept up to date while the midpoints move.

    Attributes:
        codes: (n,) int64, in the order of the values.
    """

    # Means soon settle, and then few values change sides in an iteration. In ascending order these lie between a
    # midpoint's old and new position, and nobody has to look at the others. To search for each of the 18 million
    # weights that convnext_base keeps, again and again, took half of the method's time.

    def __init__(self, values: np.ndarray):
        self._values, self._order = values, np.argsort(values)
        self._ascending = values[self._order]
        self._positions: np.ndarray | None = None  # of the midpoints among the ascending values
        self.codes = np.zeros(0, np.int64)

    def moved(self, midpoints: np.ndarray) -> bool:
        """Whether any value changes sides now that the midpoints are here."""
        before = self._positions
        # means of equal values may be rounded past one another, and then no position says what a search would find
        ordered = bool((midpoints[1:] >= midpoints[:-1]).all())
        self._positions = np.searchsorted(self._ascending, midpoints, side="right") if ordered else None
        if before is None or self._positions is None:
            codes, self.codes = self.codes, np.searchsorted(midpoints, self._values)
            return not np.array_equal(codes, self.codes)
        between = _ranges(np.minimum(before, self._positions), np.maximum(before, self._positions))
        self.codes[self._order[between]] = np.searchsorted(self._positions, between, side="right")
        return len(between) > 0


def _ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The numbers from each start to before its end, one range after another."""
    lengths = ends - starts
    return np.repeat(ends - lengths.cumsum(), lengths) + np.arange(lengths.sum())
