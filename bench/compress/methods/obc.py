"""Weights rounded one at a time, the cheapest first (optimal brain compression, Frantar et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import reconstruction
from bench.compress.methods._reconstructing import Images, Reconstructing
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Obc(Reconstructing):
    """In each filter the weight whose rounding changes the outputs least goes first, and the rest make up for it.

    Weights that come to lie beyond the grid go before all others. Layers are quantised from first to last, each on the
    outputs of those quantised before, on training images without labels. Nothing is trained. Batch normalisation is
    folded first; biases stay float32. A filter of n weights takes n³ multiplications: layers with more than 1,024
    weights per filter are refused. Weights of transposed convolutions are rounded to nearest.

    Args:
        damping: share of the Hessian's mean diagonal that is added to its diagonal; more where it has no inverse.
        images: number of training images.
    """

    damping: Annotated[float, Field(ge=0, le=1)] = 0.0
    images: Images = 256

    version = 2
    family = "quantization"
    title = "OBC"
    source = "frantar2022obc"
    searched: ClassVar = {"bits": (8, 6, 4, 3)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        engine = reconstruction.optimal_brain
        fit = partial(engine.fitted, damping=self.damping)
        return self.reconstructed(compressed, workbench, self.images, fit, columns=engine.COLUMNS)
