"""Weights rounded to integers of few bits, their range clipped for the least squared error, without training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class KBit(Method):
    """With few integers it pays to spend none on rare outliers: these are clipped, so that all others get a finer step.

    Nothing is trained. Batch normalisation is folded; biases stay float32, feature maps are computed in float32.

    Args:
        bits: width of a weight.
        per_channel: one step per filter, else one per tensor.
        symmetric: integers from -(2^(bits-1) - 1) to 2^(bits-1) - 1, so that 2 bits are -1, 0 and 1; else 0 to
            2^bits - 1 over the range of the weights, widened to include 0.
    """

    bits: Literal[2, 3, 4, 6, 8] = 4
    per_channel: bool = True
    symmetric: bool = True

    family = "quantization"
    title = "k-bit integers"
    version = 3
    source = "banner2019posttraining"
    searched: ClassVar = {"bits": (8, 6, 4, 3)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        grid = quantization.integers.Grid(
            bits=self.bits, per_channel=self.per_channel, symmetric=self.symmetric, search=True
        )
        return quantization.integers.rounded(compressed, grid)
