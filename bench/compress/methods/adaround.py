"""Weights rounded up or down as a layer's outputs want it (AdaRound, Nagel et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from bench.compress import reconstruction
from bench.compress.methods._reconstructing import LearnedRounding
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Adaround(LearnedRounding):
    """Every weight goes to the integer above or below; which of the two is learned, layer by layer.

    What is learned minimises the squared error of a layer's outputs, after the activation that directly follows it, on
    training images without labels, and a regulariser that leaves nothing between the integers. Layers come from first
    to last; one that runs several times, as on each level of a pyramid, learns from all its calls. Batch normalisation
    is folded first; biases stay float32.

    Args:
        asymmetric: learn from inputs that the quantised layers before put out, else from those of the float network.
    """

    asymmetric: bool = True

    family = "quantization"
    title = "AdaRound"
    source = "nagel2020adaround"
    searched: ClassVar = {"bits": (8, 6, 4, 3)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        fit = partial(
            reconstruction.adaptive_rounding.fitted,
            schedule=self.schedule,
            asymmetric=self.asymmetric,
            seed=workbench.seed,
        )
        return self.reconstructed(compressed, workbench, self.images, fit, paired=True)
