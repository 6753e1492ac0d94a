"""Weights of few bits whose step is learned with them (LSQ, Esser et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

from bench.compress import quantization
from bench.compress.methods._quantising import Bits, Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Lsq(Quantising):
    """The forward pass sees weights rounded to a step that is trained as they are; these integers are stored.

    Inputs of layers, if they are quantised, have a learned step per layer too, and a sign where they had one at the
    start. Biases and normalisation stay float32.

    Args:
        bits: width of a weight: integers from -2^(bits-1) to 2^(bits-1) - 1.
        per_channel: one step per filter, else one per tensor, as published.
        outer_bits: of the first and the last layer; 32 leaves them as they are.
    """

    bits: Bits = 4
    per_channel: bool = False
    outer_bits: Literal[2, 3, 4, 6, 8, 32] = field(default=8, kw_only=True)  # type: ignore[assignment]

    version = 3  # real weights decay, steps and scales do not
    family = "quantization"
    title = "LSQ"
    source = "esser2020learned"
    searched: ClassVar = {"bits": (8, 6, 4, 3, 2)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        inner = partial(quantization.learned.LearnedStep, bits=self.bits, per_channel=self.per_channel)
        outer = self.outer(per_channel=self.per_channel)
        return self.trained(compressed, workbench, quantization.training.layers(compressed, inner, outer))
