"""Weights of three values with a trained scale for each sign (TTQ, Zhu et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress import quantization
from bench.compress.methods._quantising import Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Ttq(Quantising):
    """W⁺ where W > 0.05·max|W|, -W⁻ where W < -0.05·max|W|, else 0; both scales are trained.

    All convolutions and linear layers but the first and the last. Inputs, if quantised, have LSQ's learned steps.
    Stored as digits to base 3, five to a byte, and a codebook for each layer: 0, the two scales, and a fourth word that
    is never used.
    """

    version = 3  # real weights decay, steps and scales do not
    family = "quantization"
    title = "Trained ternary (TTQ)"
    source = "zhu2017trained"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        make = quantization.learned.TrainedTernary
        return self.trained(compressed, workbench, quantization.training.layers(compressed, make, self.outer()))
