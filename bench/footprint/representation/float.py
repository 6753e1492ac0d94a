"""Floating-point numbers of 32 or 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from bench.footprint.representation._representation import Geometry, Representation, matrix_shape

FloatType = Literal["float32", "float16", "bfloat16"]
FLOAT_BITS: dict[str, int] = {"float32": 32, "float16": 16, "bfloat16": 16}


@dataclass(frozen=True, eq=False)
class Float(Representation):
    """Floating-point numbers; a symbol is a bit pattern, so that only +0.0 can be left out.

    Attributes:
        values: the tensor, float32; every value must be a number of `type` (see `Float.rounded`).
        type: of the stored numbers.
    """

    kind: ClassVar[str] = "float"

    values: np.ndarray
    type: FloatType = "float32"

    def __post_init__(self) -> None:
        if self.type not in FLOAT_BITS:
            raise ValueError(f"there is no stored type {self.type!r}: {', '.join(FLOAT_BITS)}")
        values = np.asarray(self.values, np.float32, order="C")
        if not np.array_equal(_from_pattern(_to_pattern(values, self.type), self.type), values, equal_nan=True):
            raise ValueError(f"some values are no {self.type} numbers")
        object.__setattr__(self, "values", values)

    @classmethod
    def rounded(cls, values: np.ndarray, type: FloatType) -> Float:
        """The nearest numbers of `type`, ties to even."""
        exact = np.asarray(values, np.float32, order="C")
        return cls(_from_pattern(_to_pattern(exact, type), type), type)

    def with_plain_zeros(self) -> Float:
        """The same numbers with +0.0 for -0.0, which a mask makes of a negative weight that it is multiplied with."""
        return Float(np.where(self.values == 0, np.float32(0), self.values), self.type)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def decode(self) -> np.ndarray:
        return self.values

    def symbols(self) -> np.ndarray:
        return _to_pattern(self.values, self.type).reshape(matrix_shape(self.shape))

    @property
    def sparse(self) -> bool:
        return True

    def parameters(self) -> dict[str, Any]:
        return {"type": self.type}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        stored = parameters.get("type")
        if not isinstance(stored, str) or stored not in FLOAT_BITS:
            raise ValueError(f"there is no stored type {stored!r}")
        return Geometry(*matrix_shape(shape), FLOAT_BITS[stored])

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Float:
        return cls(_from_pattern(symbols, parameters["type"]).reshape(shape), parameters["type"])


def _to_pattern(values: np.ndarray, type: str) -> np.ndarray:
    """The bit patterns of the nearest numbers of `type`, ties to even."""
    if type == "float16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).view(np.uint16)
    pattern = values.view(np.uint32)
    if type == "float32":
        return pattern
    # bfloat16 is the upper half of float32. Adding just under half of the last kept bit, and one more if that bit is
    # odd, rounds to nearest with ties to even; a carry into the exponent is right, up to infinity. NaN is kept apart,
    # since the addition could carry it into infinity or a zero; its quiet bit is set so that the half kept isn't all
    # zeros.
    to_even = 0x7FFF + (pattern >> 16 & 1)
    rounded = (pattern.astype(np.uint64) + to_even >> 16).astype(np.uint16)
    return np.where(np.isnan(values), (pattern >> 16 | 0x40).astype(np.uint16), rounded)


def _from_pattern(pattern: np.ndarray, type: str) -> np.ndarray:
    if type == "float16":
        return pattern.astype(np.uint16).view(np.float16).astype(np.float32)
    if type == "float32":
        return pattern.astype(np.uint32).view(np.float32)
    return (pattern.astype(np.uint32) << 16).view(np.float32)
