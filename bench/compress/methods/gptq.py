"""Weights rounded column by column, the columns left making up for each error (GPTQ, Frantar et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import reconstruction
from bench.compress.methods._reconstructing import Reconstructing
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Gptq(Reconstructing):
    """Integers are chosen so that each layer's outputs change least, to second order and one column at a time.

    Layers are quantised from first to last, each on the outputs of those quantised before, on training images without
    labels. Nothing is trained. Batch normalisation is folded first; biases stay float32. Weights of inputs that are
    always zero become zero, and those of transposed convolutions are rounded to nearest. A layer that runs several
    times, as on each level of a pyramid, is fitted to the inputs of all its calls. Layouts of a packed file are chosen
    by size: one of many zeros takes less than `k-bit`'s, which a footprint without data gives.

    Args:
        actorder: columns whose inputs are largest first, else from first to last.
        damping: share of the Hessian's mean diagonal that is added to its diagonal.
        images: number of training images; without any, inputs count as unrelated, and weights are rounded to nearest.
    """

    actorder: bool = True
    damping: Annotated[float, Field(ge=0, le=1)] = 0.01
    images: Annotated[int, Field(ge=0)] = 128

    family = "quantization"
    title = "GPTQ"
    source = "frantar2023gptq"
    searched: ClassVar = {"bits": (8, 6, 4, 3)}
    sizes_alone: ClassVar = {"images": 0}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        if not self.images:
            return self.nearest(compressed, workbench)
        fit = partial(reconstruction.column_updates.fitted, damping=self.damping, actorder=self.actorder)
        return self.reconstructed(compressed, workbench, self.images, fit)
