"""How many zeros lie before each stored symbol, in r bits: (nnz + fill)·(b + r) bits.

Where more than 2^r - 1 zeros lie between two symbols, a filler zero is stored. Han, Mao & Dally (2016), Deep
Compression, section 2 and figure 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.codecs._layout import Field, Layout, scatter

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
        """The index width that needs the fewest bits; also the widest, which needs no fillers, where it is coded."""
        zeros = _zeros_before(np.flatnonzero(symbols))
        every = [
            cls(symbols.shape, width, zeros.size + int((zeros >> index_bits).sum()), index_bits=index_bits)
            for index_bits in INDEX_BITS
        ]
        narrowest = min(every, key=lambda layout: layout.bits)
        return (narrowest, every[-1]) if entropy else (narrowest,)

    def fields(self) -> tuple[Field, ...]:
        """The zeros before each entry, the entries."""
        return Field("indices", self.entries, self.index_bits), Field("weights", self.entries, self.width)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The zeros before each entry, the entries."""
        positions = np.flatnonzero(symbols)
        zeros = _zeros_before(positions)
        fillers = zeros >> self.index_bits
        last = np.cumsum(fillers + 1) - 1  # where each symbol comes to lie behind its own fillers
        gaps = np.full(self.entries, 2**self.index_bits - 1, dtype_of(self.index_bits))
        gaps[last] = zeros & (2**self.index_bits - 1)
        entries = np.zeros(self.entries, symbols.dtype)
        entries[last] = symbols.reshape(-1)[positions]
        return gaps, entries

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Each entry as many places further as its index says."""
        gaps, entries = contents
        return scatter(np.cumsum(gaps.astype(np.int64) + 1) - 1, entries, self.shape)


def _zeros_before(positions: np.ndarray) -> np.ndarray:
    return np.diff(positions, prepend=-1) - 1
