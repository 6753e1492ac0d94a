"""Ranges of channels equalised across layers, weights rounded, biases corrected (Nagel et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import reconstruction
from bench.compress.methods._reconstructing import Bits, Images, Reconstructing
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Equalize(Reconstructing):
    """A channel's scale moves from one layer to the next, so that one step per tensor suits all its channels.

    Nothing is trained, and the network before rounding computes what it did, but for what a replaced ReLU6 had cut.
    Batch normalisation is folded first. It serves steps per tensor; with one per filter most is gained already.

    Args:
        sweeps: over all pairs of layers.
        relu6: between two layers: replaced by ReLU, as published, or such pairs skipped.
        rounded: whether weights are rounded; else the equalised network is handed on as it is, to the next of a chain.
        correction: whether biases make up for the means that rounding shifts, on training images without labels.
        images: number of training images.
    """

    bits: Bits = 8
    per_channel: bool = False
    sweeps: Annotated[int, Field(ge=0)] = 20
    relu6: Literal["replace", "skip"] = "replace"
    rounded: bool = True
    correction: bool = True
    images: Images = 256

    family = "quantization"
    title = "Cross-layer equalisation"
    source = "nagel2019datafree"
    searched: ClassVar = {"bits": (8, 6, 4)}
    sizes_alone: ClassVar = {"images": 1, "search": False, "sweeps": 1}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        engine = reconstruction.equalization
        equal = engine.equalized(compressed, sweeps=self.sweeps, replace=self.relu6 == "replace")
        if not self.rounded:
            return equal
        biases = {name.removesuffix("weight") + "bias" for name in equal.network.state_dict()}
        fit = partial(engine.corrected, fixed=equal.representations if self.correction else biases)
        return self.reconstructed(equal, workbench, self.images, fit, paired=True)
