"""One bit per symbol that says whether it is zero, then the others: numel + nnz·b bits.

Smaller than dense if and only if the density is below 1 - 1/b.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.codecs._layout import Layout, Run


class Bitmask(Layout):
    """A mask of all symbols, 1 where one is stored, then the stored ones in order."""

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """The only instance."""
        return (cls(symbols.shape, width, int(np.count_nonzero(symbols))),)

    def runs(self) -> tuple[Run, ...]:
        """The mask, the stored symbols."""
        return Run("indices", self.size, 1), Run("weights", self.entries, self.width)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The mask, the stored symbols."""
        flat = symbols.reshape(-1)
        mask = flat != 0
        return mask.view(np.uint8), flat[mask]

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Stored symbols where the mask is 1, zero elsewhere."""
        mask, values = contents
        present = mask.astype(bool)
        if np.count_nonzero(present) != values.size:
            raise ValueError(f"the mask keeps {np.count_nonzero(present)} weights, {values.size} are stored")
        symbols = np.zeros(self.size, values.dtype)
        symbols[present] = values
        return symbols.reshape(self.shape)
