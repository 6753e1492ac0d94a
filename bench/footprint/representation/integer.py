"""Integers of 1 to 8 bits with a scale."""

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
class Integer(Representation):
    """k-bit integers with a scale: (codes - zero_point)·scale, or /scale, in float32.

    Attributes:
        codes: the tensor's integers: -2^(bits-1) to 2^(bits-1) - 1, or 0 to 2^bits - 1 if there is a zero point.
        scale: float32, one, or one per output channel.
        bits: 1 to 8.
        zero_point: the code that stands for 0.0: one, or one per output channel; None for 0 (symmetric).
        divide: values are codes / scale, as NNCF computes them, instead of codes·scale.
        axis: of the tensor, along which output channels lie: 0, or 1 of transposed convolutions.
    """

    kind: ClassVar[str] = "integer"

    codes: np.ndarray
    scale: np.ndarray
    bits: int
    zero_point: np.ndarray | None = None
    divide: bool = False
    axis: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise ValueError(f"integers are stored in 1 to 8 bits, not in {self.bits}")
        codes = np.asarray(self.codes)
        if self.axis not in (0, 1) or (self.axis and codes.ndim < 2):
            raise ValueError(f"a tensor of {codes.ndim} axes has no output channels along axis {self.axis}")
        low = 0 if self.zero_point is not None else -(2 ** (self.bits - 1))
        if codes.size and not low <= codes.min() <= codes.max() < low + 2**self.bits:
            raise ValueError(f"codes from {codes.min()} to {codes.max()} do not fit {self.bits} bits")
        object.__setattr__(self, "codes", codes.astype(np.int16))
        object.__setattr__(self, "scale", per_channel(self.scale, np.float32, codes.shape, self.axis))
        if self.zero_point is not None:
            zero_point = np.asarray(self.zero_point)
            if not 0 <= zero_point.min() <= zero_point.max() < 2**self.bits:
                raise ValueError(f"a zero point does not fit {self.bits} bits")
            object.__setattr__(self, "zero_point", per_channel(zero_point, np.uint8, codes.shape, self.axis))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def steps(self) -> np.ndarray:
        """The signed integers that are scaled: codes less their zero point, int16."""
        if self.zero_point is None:
            return self.codes
        return self.codes - along_channels(self.zero_point, self.codes.ndim, self.axis).astype(np.int16)

    def decode(self) -> np.ndarray:
        scale = along_channels(self.scale, self.codes.ndim, self.axis)
        steps = self.steps.astype(np.float32)
        with np.errstate(all="ignore"):  # a file may say any scale: what is beyond float32 is infinite, as in torch
            return steps / scale if self.divide else steps * scale

    def scaled(self, factors: np.ndarray) -> Integer | None:
        if self.divide or self.codes.ndim < 2 or self.axis:
            return None
        # A step is multiplied, and a negative factor mirrors the codes. The lowest code of two's complement has no
        # mirror image. A filter that becomes zero is stored as zeros, since a step of 0 would give negative ones too.
        mirrored = along_channels(factors < 0, self.codes.ndim)
        with np.errstate(all="ignore"):
            scale = (self.scale.astype(np.float64) * np.abs(factors)).astype(np.float32)  # one a filter from now on
        gone = along_channels(scale == 0, self.codes.ndim)
        steps = np.where(gone, 0, np.where(mirrored, -self.steps, self.steps))
        scale = np.where(scale == 0, np.float32(1), scale)
        if self.zero_point is None:
            return None if steps.max(initial=0) >= 2 ** (self.bits - 1) else replace(self, codes=steps, scale=scale)
        zero_point = np.where(factors < 0, 2**self.bits - 1 - self._zero_points(), self._zero_points())
        codes = steps + along_channels(zero_point, steps.ndim)
        return replace(self, codes=codes, scale=scale, zero_point=zero_point)

    def _zero_points(self) -> np.ndarray:
        """(Cout,) int16."""
        assert self.zero_point is not None
        return np.broadcast_to(self.zero_point.astype(np.int16), len(self.codes))

    def symbols(self) -> np.ndarray:
        # Steps count from zero and wrap around as two's complement does, so that the symbol 0 is always 0.0, with or
        # without a zero point, and sparse layouts serve both. `restored` unwraps them by the largest step there can be.
        return (self.steps & (2**self.bits - 1)).astype(np.uint8).reshape(matrix_shape(self.shape))

    @property
    def sparse(self) -> bool:
        return True

    def parameters(self) -> dict[str, Any]:
        return {"bits": self.bits} | ({"divide": True} if self.divide else {}) | ({"axis": 1} if self.axis else {})

    def side(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale} | ({} if self.zero_point is None else {"zero_point": self.zero_point})

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        return of_integers(shape, parameters.get("bits"))

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Integer:
        bits, zero_point, axis = parameters["bits"], side.get("zero_point"), parameters.get("axis", 0)
        if axis not in (0, 1) or axis >= max(len(shape), 1):
            raise ValueError(f"no integers have output channels along axis {axis!r} of {len(shape)}")
        steps = symbols.reshape(shape).astype(np.int16)
        offset: Any = 2 ** (bits - 1)
        if zero_point is not None:
            offset = along_channels(zero_point, steps.ndim, axis).astype(np.int16)
        highest = 2**bits - 1 - offset
        steps = np.where(steps > highest, steps - 2**bits, steps)
        codes = steps if zero_point is None else steps + offset
        return cls(codes, side["scale"], bits, zero_point, bool(parameters.get("divide", False)), axis)
