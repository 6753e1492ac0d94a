"""Odd integers of 1 to 8 bits with a scale: a grid around zero that has no zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from bench.footprint.representation._representation import (
    Geometry,
    Representation,
    along_channels,
    matrix_shape,
    of_integers,
    per_channel,
)


@dataclass(frozen=True, eq=False)
class OddInteger(Representation):
    """k-bit integers that stand for odd numbers: (2·codes - (2^bits - 1))·scale, in float32.

    Of 2 bits these are -3, -1, 1 and 3 times the scale, of 1 bit -1 and 1 times.

    Attributes:
        codes: the tensor's integers, 0 to 2^bits - 1.
        scale: float32, one, or one per output channel (the tensor's first axis).
        bits: 1 to 8.
    """

    kind: ClassVar[str] = "odd-integer"

    codes: np.ndarray
    scale: np.ndarray
    bits: int

    def __post_init__(self) -> None:
        self.geometry_of(np.shape(self.codes), self.parameters(), {})
        codes = np.asarray(self.codes)
        if codes.size and not 0 <= codes.min() <= codes.max() < 2**self.bits:
            raise ValueError(f"codes from {codes.min()} to {codes.max()} do not fit {self.bits} bits")
        object.__setattr__(self, "codes", codes.astype(np.uint8))
        object.__setattr__(self, "scale", per_channel(self.scale, np.float32, codes.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    def decode(self) -> np.ndarray:
        odd = 2 * self.codes.astype(np.float32) - (2**self.bits - 1)
        with np.errstate(all="ignore"):  # a file may say any scale
            return odd * along_channels(self.scale, self.codes.ndim)

    def symbols(self) -> np.ndarray:
        return self.codes.reshape(matrix_shape(self.shape))

    @property
    def sparse(self) -> bool:
        return False  # the symbol 0 is the lowest value

    def scaled(self, factors: np.ndarray) -> OddInteger | None:
        if self.codes.ndim < 2:
            return None
        # The grid is its own mirror image, so that a negative factor only turns the codes around.
        mirrored = 2**self.bits - 1 - self.codes
        codes = np.where(along_channels(factors < 0, self.codes.ndim), mirrored, self.codes)
        with np.errstate(all="ignore"):
            scale = (self.scale.astype(np.float64) * np.abs(factors)).astype(np.float32)  # one a filter from now on
        return replace(self, codes=codes, scale=scale)

    def parameters(self) -> dict[str, Any]:
        return {"bits": self.bits}

    def side(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        return of_integers(shape, parameters.get("bits"))

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> OddInteger:
        return cls(symbols.reshape(shape), side["scale"], parameters["bits"])
