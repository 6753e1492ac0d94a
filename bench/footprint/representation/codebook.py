"""Weights as words of a codebook: product quantization and weight sharing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.representation._representation import Geometry, Representation, matrix_shape


@dataclass(frozen=True, eq=False)
class Codebook(Representation):
    """Product quantization; weight sharing if a word is a single number.

    The tensor is `codebook[codes].reshape(tensor_shape)`: m words of d weights per output channel.

    Attributes:
        codes: (Cout, m) index of each word in the codebook.
        codebook: (k, d) float16 or float32, k a power of two: a code takes log2(k) bits.
        tensor_shape: (Cout, ...) of Cout·m·d weights.
    """

    kind: ClassVar[str] = "codebook"
    side_category: ClassVar[Literal["scales", "codebooks"]] = "codebooks"

    codes: np.ndarray
    codebook: np.ndarray
    tensor_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        codes, codebook = np.asarray(self.codes), np.asarray(self.codebook)
        _, columns, width = self.geometry_of(tuple(self.tensor_shape), {}, {"codebook": codebook})
        rows = matrix_shape(self.tensor_shape)[0]
        if codes.shape != (rows, columns):
            raise ValueError(f"codes are {codes.shape} where {(rows, columns)} belong to {self.tensor_shape}")
        if codes.size and not 0 <= codes.min() <= codes.max() < len(codebook):
            raise ValueError(f"codes from {codes.min()} to {codes.max()} where there are {len(codebook)} words")
        object.__setattr__(self, "codes", codes.astype(dtype_of(width)))
        object.__setattr__(self, "codebook", codebook)
        object.__setattr__(self, "tensor_shape", tuple(self.tensor_shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor_shape

    def decode(self) -> np.ndarray:
        return self.codebook.astype(np.float32)[self.codes].reshape(self.shape)

    def symbols(self) -> np.ndarray:
        return self.codes

    @property
    def sparse(self) -> bool:
        # bytes, not numbers: a word of -0.0 equals zero but would not be restored
        return not any(self.codebook[0].tobytes())

    def side(self) -> dict[str, np.ndarray]:
        return {"codebook": self.codebook}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        codebook = side["codebook"]
        if codebook.ndim != 2 or codebook.dtype not in (np.float16, np.float32) or not codebook.size:
            raise ValueError(f"a codebook is (k, d) float16 or float32, not {codebook.shape} {codebook.dtype}")
        words, length = codebook.shape
        if words & (words - 1):
            raise ValueError(f"a codebook has a power of two of words, not {words}")
        rows, columns = matrix_shape(shape)
        if columns % length:
            raise ValueError(f"words of {length} weights do not fill {columns} weights a channel")
        return Geometry(rows, columns // length, words.bit_length() - 1)

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Codebook:
        return cls(symbols, side["codebook"], shape)
