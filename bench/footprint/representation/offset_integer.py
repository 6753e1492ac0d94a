"""Integers of 1 to 8 bits, counted from a lowest value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from bench.footprint.representation._representation import (
    Geometry,
    Representation,
    along_channels,
    matrix_shape,
    of_integers,
    per_channel,
)

Rounding = Literal["multiply", "divide", "fused"]


@dataclass(frozen=True, eq=False)
class OffsetInteger(Representation):
    """k-bit integers on a grid that need not meet zero: lowest + codes·scale.

    Attributes:
        codes: the tensor's integers, 0 to 2^bits - 1.
        scale: float32, one, or one per output channel (the tensor's first axis).
        lowest: float32, as many.
        bits: 1 to 8.
        rounding: how float32 rounds: the product and then the sum; codes / scale and then the sum; or once.
    """

    kind: ClassVar[str] = "offset-integer"

    codes: np.ndarray
    scale: np.ndarray
    lowest: np.ndarray
    bits: int
    rounding: Rounding = "multiply"

    def __post_init__(self) -> None:
        self.geometry_of(np.shape(self.codes), self.parameters(), {})
        codes = np.asarray(self.codes)
        if codes.size and not 0 <= codes.min() <= codes.max() < 2**self.bits:
            raise ValueError(f"codes from {codes.min()} to {codes.max()} do not fit {self.bits} bits")
        object.__setattr__(self, "codes", codes.astype(np.uint8))
        for name in ("scale", "lowest"):
            object.__setattr__(self, name, per_channel(getattr(self, name), np.float32, codes.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    def decode(self) -> np.ndarray:
        return on_grid(
            self.codes,
            along_channels(self.scale, self.codes.ndim),
            along_channels(self.lowest, self.codes.ndim),
            self.rounding,
        )

    def symbols(self) -> np.ndarray:
        return self.codes.reshape(matrix_shape(self.shape))

    @property
    def sparse(self) -> bool:
        return False  # the symbol 0 is a lowest value

    def parameters(self) -> dict[str, Any]:
        return {"bits": self.bits, "rounding": self.rounding}

    def side(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale, "lowest": self.lowest}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        geometry, rounding = of_integers(shape, parameters.get("bits")), parameters.get("rounding")
        if rounding not in get_args(Rounding):
            raise ValueError(f"float32 rounds by {', '.join(get_args(Rounding))}, not by {rounding!r}")
        return geometry

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> OffsetInteger:
        codes = symbols.reshape(shape)
        return cls(codes, side["scale"], side["lowest"], parameters["bits"], parameters["rounding"])


def on_grid(codes: np.ndarray, scale: np.ndarray, lowest: np.ndarray, rounding: Rounding) -> np.ndarray:
    """The numbers of a grid, float32, from arrays that broadcast."""
    with np.errstate(all="ignore"):  # a file may say any scale: what is beyond float32 is infinite, as in torch
        if rounding == "fused":
            # A product of 8 and 24 bits is exact in float64, so that only the sum is rounded, as a fused
            # multiply-add does it.
            total = codes.astype(np.float64) * scale.astype(np.float64) + lowest.astype(np.float64)
            return total.astype(np.float32)
        steps = codes.astype(np.float32)
        return (steps / scale if rounding == "divide" else steps * scale) + lowest
