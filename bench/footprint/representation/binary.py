"""Weights of one bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bench.footprint.representation._representation import (
    Geometry,
    Representation,
    along_channels,
    matrix_shape,
    per_channel,
)


@dataclass(frozen=True, eq=False)
class Binary(Representation):
    """One bit per weight: +alpha or -alpha.

    Attributes:
        positive: the tensor's signs, True for +.
        alpha: float32 or float16, one, or one per output channel; None for ±1 (if a normalisation absorbs it).
    """

    kind: ClassVar[str] = "binary"

    positive: np.ndarray
    alpha: np.ndarray | None = None

    def __post_init__(self) -> None:
        positive = np.asarray(self.positive)
        if positive.dtype != np.bool_:
            raise ValueError(f"signs are booleans, True for +, not {positive.dtype}")
        object.__setattr__(self, "positive", positive)
        if self.alpha is not None:
            half = np.asarray(self.alpha).dtype == np.float16
            object.__setattr__(
                self, "alpha", per_channel(self.alpha, np.float16 if half else np.float32, positive.shape)
            )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.positive.shape

    def decode(self) -> np.ndarray:
        scale = np.ones(1, np.float32) if self.alpha is None else self.alpha.astype(np.float32)
        alpha = along_channels(scale, self.positive.ndim)
        return np.where(self.positive, alpha, -alpha)

    def symbols(self) -> np.ndarray:
        return self.positive.astype(np.uint8).reshape(matrix_shape(self.shape))

    @property
    def sparse(self) -> bool:
        return False

    def side(self) -> dict[str, np.ndarray]:
        return {} if self.alpha is None else {"alpha": self.alpha}

    @classmethod
    def geometry_of(cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray]) -> Geometry:
        return Geometry(*matrix_shape(shape), 1)

    @classmethod
    def restored(
        cls, shape: tuple[int, ...], parameters: dict[str, Any], side: dict[str, np.ndarray], symbols: np.ndarray
    ) -> Binary:
        return cls(symbols.astype(bool).reshape(shape), side.get("alpha"))
