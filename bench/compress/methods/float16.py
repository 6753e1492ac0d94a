"""Weights stored as IEEE half precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Float16(Method):
    """Every stored number is rounded to 16 bits; feature maps are computed and kept in float32.

    Batch normalisation is folded first: a running variance can underflow in half precision.
    """

    family = "quantization"
    title = "float16"
    source = "micikevicius2018mixed"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.floats.rounded(compressed, "float16")
