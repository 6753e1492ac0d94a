"""Every symbol, one after another: numel·b bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.codecs._layout import Layout, Run


class Dense(Layout):
    """Every symbol, row by row."""

    sparse = False

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """The only instance."""
        return (cls(symbols.shape, width, symbols.size),)

    def runs(self) -> tuple[Run, ...]:
        """The symbols."""
        return (Run("weights", self.size, self.width),)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The symbols in order."""
        return (symbols.reshape(-1),)

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """The symbols in their shape."""
        return contents[0].reshape(self.shape)
