"""The contract of a representation: symbols of a few bits, and the numbers that give symbols their value."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """The matrix of symbols: a row belongs to one output channel, a symbol is `width` bits wide."""

    rows: int
    columns: int
    width: int


@dataclass(frozen=True, eq=False)
class Representation(ABC):
    """A tensor as it is stored.

    Class attributes:
        kind: its name in the file.
        side_category: the category that arrays stored beside the symbols are counted in.
    """

    kind: ClassVar[str]
    side_category: ClassVar[Literal["scales", "codebooks"]] = "scales"

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""

    @abstractmethod
    def decode(self) -> np.ndarray:
        """The tensor, float32."""

    @abstractmethod
    def symbols(self) -> np.ndarray:
        """(rows, columns) unsigned, below `2**width`."""

    @property
    @abstractmethod
    def sparse(self) -> bool:
        """Whether the symbol 0 always means +0.0, so that a sparse layout may leave it out."""

    def parameters(self) -> dict[str, Any]:
        """What `restored` needs besides arrays, ready for JSON."""
        return {}

    def side(self) -> dict[str, np.ndarray]:
        """The arrays stored beside the symbols, by name."""
        return {}

    @classmethod
    @abstractmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        """Shape and width of the symbols, from what is known before they are read.

        Raises:
            ValueError: `parameters` or `side` are not valid for this kind.
        """

    @classmethod
    @abstractmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Representation:
        """The representation that has these `parameters`, `side` and `symbols`.

        Raises:
            ValueError: they do not belong together.
        """

    def scaled(self, factors: np.ndarray) -> Representation | None:
        """The same symbols for the tensor with each output channel multiplied; None if this kind cannot hold that.

        Args:
            factors: (Cout,) float64, of either sign.
        """
        return None

    @property
    def geometry(self) -> Geometry:
        """Shape and width of `symbols`."""
        return self.geometry_of(self.shape, self.parameters(), self.side())

    @property
    def side_bits(self) -> int:
        """Bits of all arrays stored beside the symbols."""
        return sum(8 * array.nbytes for array in self.side().values())

    @property
    def dense_bits(self) -> int:
        """The method's formula: every symbol at its width, and `side_bits`."""
        rows, columns, width = self.geometry
        return rows * columns * width + self.side_bits


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a tensor: its first axis, and all others; a tensor of one axis or none is one row."""
    return (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, math.prod(shape))


def of_integers(shape: tuple[int, ...], bits: Any) -> Geometry:
    """The geometry of a tensor of integers, from what a file says.

    Raises:
        ValueError: bits that no integer is stored in.
    """
    if type(bits) is not int or not 1 <= bits <= 8:
        raise ValueError(f"integers are stored in 1 to 8 bits, not in {bits!r}")
    return Geometry(*matrix_shape(shape), bits)


def per_channel(values: np.ndarray, dtype: type, shape: tuple[int, ...], axis: int = 0) -> np.ndarray:
    """One number, or one per output channel, as (1,) or (Cout,) of `dtype`."""
    flat: np.ndarray = np.asarray(values).astype(dtype).reshape(-1)
    channels = shape[axis] if shape else 1
    if flat.size not in {1, channels}:
        raise ValueError(f"{flat.size} scales do not fit a tensor of {channels} output channels")
    return flat


def along_channels(values: np.ndarray, axes: int, axis: int = 0) -> np.ndarray:
    """One number, or one per output channel, shaped to broadcast along an axis, the first, of `axes`."""
    return values.reshape(*[1] * axis, -1, *[1] * max(axes - 1 - axis, 0)) if axes else values.reshape(())
