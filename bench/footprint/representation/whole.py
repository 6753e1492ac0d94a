"""Whole numbers that are not weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.representation._representation import Geometry, Representation, matrix_shape


@dataclass(frozen=True, eq=False)
class Whole(Representation):
    """Whole numbers that are not weights (an index buffer): the distance above the lowest, in as few bits as it takes.

    Attributes:
        values: the tensor, of an integer type or bool.
    """

    kind: ClassVar[str] = "whole"

    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def decode(self) -> np.ndarray:
        """The tensor, int64."""
        return self.values.astype(np.int64)

    @property
    def _low(self) -> int:
        return int(self.values.min()) if self.values.size else 0

    def symbols(self) -> np.ndarray:
        # differences of int64 may need 64 bits without a sign, so they are taken as unsigned, where wrapping around is
        # exact
        above = self.values.astype(np.int64).view(np.uint64) - np.int64(self._low).view(np.uint64)
        return above.reshape(matrix_shape(self.shape)).astype(dtype_of(self.geometry.width))

    @property
    def sparse(self) -> bool:
        return False

    def parameters(self) -> dict[str, Any]:
        high = int(self.values.max()) if self.values.size else 0
        return {"low": self._low, "bits": (high - self._low).bit_length()}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        low, bits = parameters.get("low"), parameters.get("bits")
        if type(low) is not int or type(bits) is not int or not 0 <= bits <= 64 or not -(2**63) <= low < 2**63:
            raise ValueError(f"whole numbers from {low!r} on in {bits!r} bits are not possible")
        return Geometry(*matrix_shape(shape), bits)

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Whole:
        values = symbols.astype(np.uint64) + np.int64(parameters["low"]).view(np.uint64)
        return cls(values.view(np.int64).reshape(shape))
