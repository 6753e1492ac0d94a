"""The contract of a layout: which runs of bits stand for a matrix of symbols."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

Category = Literal["weights", "indices"]


@dataclass(frozen=True)
class Run:
    """`count` symbols of `width` bits, one after another: weights, or indices that say where weights are."""

    category: Category
    count: int
    width: int

    @property
    def bits(self) -> int:
        """Bits of the run without entropy coding."""
        return self.count * self.width


class Layout(ABC):
    """A way to lay a matrix of symbols out as a few runs of symbols of one width each.

    Symbols are unsigned integers below `2**width`, shape (rows, columns). Sparse layouts leave the symbol 0 out, so it
    must stand for the value +0.0.

    Class attributes:
        sparse: whether the symbol 0 is left out.

    Attributes:
        shape: (rows, columns) of the matrix.
        width: bits per symbol.
        entries: number of symbols that are stored.
        parameters: what a reader needs besides these, by the constructor's argument names, ready for JSON.
    """

    sparse: ClassVar[bool] = True

    def __init__(self, shape: tuple[int, int], width: int, entries: int):
        self.shape, self.width, self.entries = shape, width, entries
        self.parameters: dict[str, int] = {}

    @classmethod
    @abstractmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """The instances of this layout worth considering for `symbols`: one, or several if it has parameters.

        Args:
            entropy: whether runs will be entropy-coded, so that their fixed width does not decide.
        """

    @classmethod
    def of_mask(cls, symbols: np.ndarray, width: int, mask: np.ndarray, *, entropy: bool = False) -> Sequence[Layout]:
        """As `candidates`, where a mask says which weights survived pruning; none if the layout goes by zeros alone.

        Args:
            mask: (Cout, Cin, ...) bool of the tensor, whose first axis the rows are.
        """
        return ()

    @abstractmethod
    def runs(self) -> tuple[Run, ...]:
        """The runs that are stored, in order."""

    @abstractmethod
    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The contents of every run, each (count,) unsigned."""

    @abstractmethod
    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """The inverse of `split`: (rows, columns) symbols.

        Raises:
            ValueError: no matrix of this shape has these contents.
        """

    @property
    def bits(self) -> int:
        """The layout's formula: bits of all runs without entropy coding."""
        return sum(run.bits for run in self.runs())

    @property
    def size(self) -> int:
        """Number of symbols in the matrix."""
        return self.shape[0] * self.shape[1]


def scatter(positions: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A matrix of zeros with `values` at flat `positions`.

    Raises:
        ValueError: a position lies outside it.
    """
    size = shape[0] * shape[1]
    if positions.size and not 0 <= int(positions.min()) <= int(positions.max()) < size:
        raise ValueError(f"a stored weight lies outside the {size} weights there are")
    matrix = np.zeros(size, values.dtype)
    matrix[positions] = values
    return matrix.reshape(shape)
