"""Weights rounded to 8-bit integers, a step for each output channel, without training."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Int8PerChannel(Method):
    """The outermost weight of each filter decides the filter's step, at the cost of one float32 per filter.

    Batch normalisation is folded; biases stay float32, feature maps are computed in float32.

    Args:
        symmetric: integers from -127 to 127 and step max|w| / 127; else 0 to 255 over the range of the weights, widened
            to include 0.
    """

    symmetric: bool = True

    family = "quantization"
    title = "INT8 per channel"
    version = 3
    source = "jacob2018quantization"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.integers.rounded(
            compressed, quantization.integers.Grid(bits=8, per_channel=True, symmetric=self.symmetric)
        )
