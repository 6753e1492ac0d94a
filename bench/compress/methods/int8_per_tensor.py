"""Weights rounded to 8-bit integers, one step for a whole tensor, without training."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Int8PerTensor(Method):
    """The outermost weight of a tensor decides the step for all its channels.

    Batch normalisation is folded first; biases stay float32, feature maps are computed in float32.

    Args:
        symmetric: integers from -127 to 127 and step max|w| / 127; else 0 to 255 over the range of the weights, widened
            to include 0.
    """

    symmetric: bool = True

    family = "quantization"
    title = "INT8 per tensor"
    source = "jacob2018quantization"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.integers.rounded(
            compressed, quantization.integers.Grid(bits=8, per_channel=False, symmetric=self.symmetric)
        )
