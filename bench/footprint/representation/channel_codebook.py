"""Weights as words of a table that each output channel has for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.representation._representation import Geometry, Representation, matrix_shape


@dataclass(frozen=True, eq=False)
class ChannelCodebook(Representation):
    """A few values per output channel, on any grid or on none: channel i is `codebook[i][codes[i]]`.

    Attributes:
        codes: (Cout, m) index of each weight in its channel's table.
        codebook: (Cout, k) float16 or float32, k a power of two: a code takes log2(k) bits.
        tensor_shape: (Cout, ...) of Cout·m weights.
    """

    kind: ClassVar[str] = "channel-codebook"
    side_category: ClassVar[Literal["scales", "codebooks"]] = "codebooks"

    codes: np.ndarray
    codebook: np.ndarray
    tensor_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        codes, codebook = np.asarray(self.codes), np.asarray(self.codebook)
        rows, columns, width = self.geometry_of(tuple(self.tensor_shape), {}, {"codebook": codebook})
        if codes.shape != (rows, columns):
            raise ValueError(f"codes are {codes.shape} where {(rows, columns)} belong to {self.tensor_shape}")
        if codes.size and not 0 <= codes.min() <= codes.max() < codebook.shape[1]:
            raise ValueError(f"codes from {codes.min()} to {codes.max()} where there are {codebook.shape[1]} words")
        object.__setattr__(self, "codes", codes.astype(dtype_of(width)))
        object.__setattr__(self, "codebook", codebook)
        object.__setattr__(self, "tensor_shape", tuple(self.tensor_shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor_shape

    def decode(self) -> np.ndarray:
        return np.take_along_axis(self.codebook.astype(np.float32), self.codes.astype(np.int64), 1).reshape(self.shape)

    def symbols(self) -> np.ndarray:
        return self.codes

    @property
    def sparse(self) -> bool:
        # bytes, not numbers: a word of -0.0 equals zero but would not be restored
        return not any(self.codebook[:, 0].tobytes())

    def side(self) -> dict[str, np.ndarray]:
        return {"codebook": self.codebook}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        codebook = side["codebook"]
        if codebook.ndim != 2 or codebook.dtype not in (np.float16, np.float32) or not codebook.size:
            raise ValueError(f"a codebook is (Cout, k) float16 or float32, not {codebook.shape} {codebook.dtype}")
        rows, columns = matrix_shape(shape)
        tables, words = codebook.shape
        if tables != rows:
            raise ValueError(f"{tables} tables do not fit a tensor of {rows} output channels")
        if words & (words - 1):
            raise ValueError(f"a codebook has a power of two of words, not {words}")
        return Geometry(rows, columns, words.bit_length() - 1)

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> ChannelCodebook:
        return cls(symbols, side["codebook"], shape)
