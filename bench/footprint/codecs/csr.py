"""Compressed sparse rows: where each row begins, then the column and the symbol of every non-zero entry.

nnz·(b + ⌈log2 columns⌉) + (rows + 1)·⌈log2(nnz + 1)⌉ bits. A row is an output channel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.footprint.codecs._layout import Layout, Run, scatter


class CSR(Layout):
    """Row starts, column indices, symbols."""

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """The only instance."""
        return (cls(symbols.shape, width, int(np.count_nonzero(symbols))),)

    def runs(self) -> tuple[Run, ...]:
        """Row starts, column indices, symbols."""
        rows, columns = self.shape
        return (
            Run("indices", rows + 1, self.entries.bit_length()),  # a start is 0 to nnz, both included
            Run("indices", self.entries, max(columns - 1, 0).bit_length()),
            Run("weights", self.entries, self.width),
        )

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """Row starts, column indices, symbols."""
        row, column = np.nonzero(symbols)
        starts = np.searchsorted(row, np.arange(self.shape[0] + 1))
        return starts, column, symbols[row, column]

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """The matrix with these entries."""
        starts, columns, values = (np.asarray(content) for content in contents)
        starts = starts.astype(np.int64)
        lengths = np.diff(starts)
        if starts[0] != 0 or starts[-1] != values.size or (lengths < 0).any():
            raise ValueError("the rows do not begin where they should")
        if columns.size and int(columns.max()) >= self.shape[1]:
            raise ValueError(f"a stored weight lies outside the {self.shape[1]} columns")
        rows = np.repeat(np.arange(self.shape[0]), lengths)
        return scatter(rows * self.shape[1] + columns.astype(np.int64), values, self.shape)
