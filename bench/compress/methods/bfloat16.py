"""Weights stored as bfloat16: the range of float32 with 8 significant bits."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Bfloat16(Method):
    """Every stored number is rounded to 16 bits; feature maps are computed and kept in float32.

    Batch normalisation is folded first, as for float16, so that both store the same numbers.
    """

    family = "quantization"
    title = "bfloat16"
    source = "kalamkar2019bfloat16"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.floats.rounded(compressed, "bfloat16")
