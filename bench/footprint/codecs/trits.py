"""Symbols of two bits of which only three occur: five of them to a byte, 8·⌈numel/5⌉ bits, 1.6 a weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.codecs._layout import Layout, Run

LEAST = 64  # symbols: of fewer, one may be absent by chance
TOGETHER = 5  # trits to a byte, of whose 256 values they need 243
POWERS = 3 ** np.arange(TOGETHER)


class Trits(Layout):
    """Every symbol, row by row, as digits to base 3 of bytes.

    Attributes:
        absent: the symbol that does not occur; digits count the others from the smallest.
    """

    sparse = False

    def __init__(self, shape: tuple[int, int], width: int, entries: int, *, absent: int):
        super().__init__(shape, width, entries)
        if width != 2 or not 0 <= absent < 4:
            raise ValueError(f"no three of the symbols of {width} bits are all but {absent}")
        self.absent = absent
        self.parameters = {"absent": absent}

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """One where a symbol of two bits does not occur in many, else none."""
        if width != 2 or symbols.size < LEAST:
            return ()
        absent = np.flatnonzero(np.bincount(symbols.reshape(-1), minlength=4) == 0)
        return (cls(symbols.shape, width, symbols.size, absent=int(absent[-1])),) if absent.size else ()

    def runs(self) -> tuple[Run, ...]:
        """The bytes."""
        return (Run("weights", -(-self.size // TOGETHER), 8),)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The bytes; the last is filled up with zeros."""
        digits = np.zeros(self.runs()[0].count * TOGETHER, np.uint8)
        flat = symbols.reshape(-1).astype(np.uint8)
        digits[: self.size] = flat - (flat > self.absent)
        return ((digits.reshape(-1, TOGETHER) * POWERS).sum(1).astype(np.uint8),)

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """The symbols in their shape."""
        digits = (contents[0].astype(np.int64)[:, None] // POWERS % 3).reshape(-1)
        if (contents[0].size and int(contents[0].max()) >= 3**TOGETHER) or digits[self.size :].any():
            raise ValueError("a byte stands for no five symbols of three")
        symbols = digits[: self.size]
        return (symbols + (symbols >= self.absent)).astype(contents[0].dtype).reshape(self.shape)
