"""Learned steps, and a learned offset of feature maps (LSQ+, Bhalgat et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

from bench.compress import quantization
from bench.compress.methods._quantising import ActivationBits, Bits, Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class LsqPlus(Quantising):
    """LSQ whose inputs of layers are rounded to unsigned codes with a step and an offset per layer, both trained.

    The offset is for feature maps that are negative too, as after a SiLU. Steps of weights start at their spread, steps
    and offsets of inputs by least squares on a batch.

    Args:
        bits: width of a weight: integers from -2^(bits-1) to 2^(bits-1) - 1.
        per_channel: one step of weights per filter, else one per tensor, as published.
        outer_bits: of the first and the last layer; 32 leaves them as they are.
        activation_bits: of inputs; default `bits`. 32 leaves them as they are.
    """

    bits: Bits = 4
    per_channel: bool = False
    outer_bits: Literal[2, 3, 4, 6, 8, 32] = field(default=8, kw_only=True)  # type: ignore[assignment]
    activation_bits: ActivationBits | None = field(default=None, kw_only=True)  # type: ignore[assignment]

    version = 2  # steps and offsets do not decay
    family = "quantization"
    title = "LSQ+"
    source = "bhalgat2020lsqplus"
    searched: ClassVar = {"bits": (8, 6, 4, 3, 2)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        step = partial(quantization.learned.LearnedStep, per_channel=self.per_channel, by_spread=True)
        outer = self.outer(per_channel=self.per_channel, by_spread=True)
        weights = quantization.training.layers(compressed, partial(step, bits=self.bits), outer)
        reader = partial(quantization.inputs.LearnedInput, offset=True)
        bits = self.activation_bits or self.bits
        return self.trained(compressed, workbench, weights, bits, reader, reader)
