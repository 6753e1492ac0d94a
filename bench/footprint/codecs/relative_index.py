"""The number of zeros before each stored symbol, in r bits: (nnz + fill)·(b + r) bits.

If more than 2^r - 1 zeros lie between two symbols, a filler zero is stored. Source: Han, Mao & Dally (2016), Deep
Compression, section 2 and figure 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.codecs._layout import Layout, Run, scatter

INDEX_BITS = range(1, 9)  # r


class RelativeIndex(Layout):
    """The zeros before each entry, then the entries, fillers included.

    Attributes:
        index_bits: r.
    """

    def __init__(self, shape: tuple[int, int], width: int, entries: int, *, index_bits: int):
        if index_bits not in INDEX_BITS:
            raise ValueError(f"a relative index has {INDEX_BITS[0]} to {INDEX_BITS[-1]} bits, not {index_bits}")
        super().__init__(shape, width, entries)
        self.index_bits = index_bits
        self.parameters = {"index_bits": index_bits}

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """The index width that needs the fewest bits; if runs are entropy-coded, the widest too."""
        # A gap of z zeros needs ⌊z / 2^r⌋ fillers, each a whole entry of b + r bits, so a narrow index costs fillers
        # and a wide one unused bits. Entropy coding makes wide indices cheap, as large gaps are rare: then the widest
        # may win.
        zeros = _zeros_before(np.flatnonzero(symbols))
        widths = [
            cls(symbols.shape, width, zeros.size + int((zeros >> index_bits).sum()), index_bits=index_bits)
            for index_bits in INDEX_BITS
        ]
        smallest = min(widths, key=lambda layout: layout.bits)
        return (smallest, widths[-1]) if entropy else (smallest,)

    def runs(self) -> tuple[Run, ...]:
        """The zeros before each entry, the entries."""
        return Run("indices", self.entries, self.index_bits), Run("weights", self.entries, self.width)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The zeros before each entry, the entries."""
        # Every filler says "2^r - 1 zeros, then one more", which is 2^r of the zeros before the symbol; the remainder
        # is the symbol's own index. So all entries begin as fillers, and symbols are put where theirs end.
        positions = np.flatnonzero(symbols)
        zeros = _zeros_before(positions)
        fillers = zeros >> self.index_bits
        last = np.cumsum(fillers + 1) - 1
        gaps = np.full(self.entries, 2**self.index_bits - 1, dtype_of(self.index_bits))
        gaps[last] = zeros & (2**self.index_bits - 1)
        entries = np.zeros(self.entries, symbols.dtype)
        entries[last] = symbols.reshape(-1)[positions]
        return gaps, entries

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """The matrix, with each entry as many positions further on as its index says."""
        gaps, entries = contents
        return scatter(np.cumsum(gaps.astype(np.int64) + 1) - 1, entries, self.shape)


def _zeros_before(positions: np.ndarray) -> np.ndarray:
    return np.diff(positions, prepend=-1) - 1
