"""Weights of three values, the scale computed from those that are not zero (TWN, Li et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress import quantization
from bench.compress.methods._quantising import Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Twn(Quantising):
    """α·sign(W) where |W| > 0.7·mean|W|, else 0, with α the mean of those |W|; trained straight through.

    All convolutions and linear layers but the first and the last. Inputs, if quantised, have LSQ's learned steps.

    Args:
        per_channel: threshold and scale for each filter, else one for the tensor, as published.
    """

    per_channel: bool = False

    version = 2  # real weights decay
    family = "quantization"
    title = "Ternary weights (TWN)"
    source = "li2016ternary"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        ternary = quantization.learned.Ternary
        weights = quantization.training.layers(compressed, lambda weight: ternary(self.per_channel), self.outer())
        return self.trained(compressed, workbench, weights)
