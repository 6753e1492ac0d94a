"""BinaryConnect (Courbariaux et al. 2015): every weight is +1 or -1, trained through the sign."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress import binary
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class BinaryConnect(FinetuningMethod):
    """All convolutions and linear layers, the first and the last too; biases and normalisation stay real.

    Args:
        stochastic: draw the signs at random in training, +1 with probability (w + 1) / 2. The stored network has the
            signs of the real weights either way.
    """

    stochastic: bool = False

    version = 2
    family = "binary"
    title = "BinaryConnect"
    source = "courbariaux2015binaryconnect"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return binary.binarization.trained(
            compressed,
            workbench,
            binary.binarization.all_layers(compressed),
            lambda weight: binary.signs.Signs(weight, self.stochastic),
            distill=self.distill,
        )
