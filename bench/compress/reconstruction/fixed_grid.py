"""A grid that is fixed before its integers are chosen: to round parts of a weight to, and to store the result in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch

from bench.footprint.representation import Integer


@dataclass(frozen=True)
class FixedGrid:
    """The numbers that weights may have: scale · steps, with integer steps from lowest to highest.

    Attributes:
        nearest: the weight rounded to the grid without regard to its inputs.
        scale, lowest, highest: (groups, Cout / groups, 1) float64.
    """

    nearest: Integer
    scale: torch.Tensor
    lowest: torch.Tensor
    highest: torch.Tensor

    @classmethod
    def of(cls, nearest: Integer, groups: int = 1, device: torch.device | str = "cpu") -> Self:
        """The grid that an integer weight (Cout, ...) lies on.

        Args:
            groups: of the convolution.
            device: where weights are rounded.
        """
        rows = nearest.shape[0]

        def per_row(values: torch.Tensor) -> torch.Tensor:
            return values.double().expand(rows).reshape(groups, -1, 1).to(device)

        if nearest.zero_point is None:
            lowest = torch.tensor([1 - 2 ** (nearest.bits - 1)])
            highest = -lowest
        else:
            lowest = -torch.from_numpy(nearest.zero_point.astype("int16"))
            highest = lowest + 2**nearest.bits - 1
        return cls(nearest, per_row(torch.from_numpy(nearest.scale)), per_row(lowest), per_row(highest))

    def steps(self, values: torch.Tensor) -> torch.Tensor:
        """The nearest steps to values (groups, Cout / groups, n) float64: rounded, then clipped to the grid."""
        return (values / self.scale).round().maximum(self.lowest).minimum(self.highest)

    def stored(self, steps: torch.Tensor) -> Integer:
        """The weight that has these steps (groups, Cout / groups, columns)."""
        zero = -self.lowest if self.nearest.zero_point is not None else 0
        codes = (steps + zero).to(torch.int16).reshape(self.nearest.shape).cpu().numpy()
        return replace(self.nearest, codes=codes)
