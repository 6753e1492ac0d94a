"""Bits by layer within a number of bytes, where the loss minds rounding least (HAWQ-V2, Dong et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import quantization, reconstruction
from bench.compress.method import Method
from bench.compress.methods._reconstructing import Images
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.reconstruction.forward_pass import Fit


@dataclass(frozen=True)
class MixedPrecision(Method):
    """Every layer has 2, 3, 4 or 8 bits, such that the sum of what rounding costs is least within the budget, exactly.

    What it costs is the squared error of a layer's weights times the mean diagonal of the loss's Hessian there, from
    training images and targets. Nothing is trained. Batch normalisation is folded first; biases stay float32.

    Args:
        average_bits: per weight, which set the budget.
        bytes: the budget as the payload of the whole network, instead.
        by: "trace" as published; "loss" for how much the loss rises when a layer alone is rounded, which takes a pass
            over the images per layer and width, minutes on ResNet-18 at 32 pixels; "random" weighs layers at random, as
            a control. The other control is `k-bit`, with equal bits, which takes `bytes` too.
        rounding: to nearest, or as `gptq` does.
        per_channel: one step per filter, else one per tensor.
        symmetric, search: see `k-bit` and `gptq`.
        draws: of random signs for the traces.
        images: number of training images.
    """

    average_bits: Annotated[float, Field(ge=2, le=8)] = 4.0
    bytes: Annotated[int, Field(ge=1)] | None = None
    by: Literal["trace", "loss", "random"] = "trace"
    rounding: Literal["nearest", "gptq"] = "nearest"
    per_channel: bool = True
    symmetric: bool = True
    search: bool = True
    draws: Annotated[int, Field(ge=1)] = 50
    images: Images = 256

    version = 3
    family = "quantization"
    title = "Mixed precision"
    source = "dong2020hawqv2"
    searched: ClassVar = {"average_bits": (6.0, 5.0, 4.0, 3.5, 3.0, 2.5)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        engine, passed = reconstruction.mixed_bits, reconstruction.forward_pass
        folded, grids = passed.prepared(
            compressed, workbench, quantization.integers.Grid(8, self.per_channel, self.symmetric, self.search)
        )
        counts = [folded.network.get_parameter(name).numel() for name in grids]
        budget = sum(ceil(round(self.average_bits * count / 8, 9)) for count in counts)  # as each is stored: in bytes
        if self.bytes is not None:
            budget = engine.budget(folded, grids, self.bytes)
        grids = engine.grids(folded, grids, workbench, by=self.by, budget=budget, draws=self.draws, images=self.images)
        fit: Fit = engine.nearest
        if self.rounding == "gptq":
            fit = partial(reconstruction.column_updates.fitted, damping=0.01, actorder=True)
        return passed.quantized(folded, workbench, grids, self.images, fit)
