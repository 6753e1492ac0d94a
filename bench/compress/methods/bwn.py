"""Binary weight networks (Rastegari et al. 2016): each filter is its signs times its mean magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress import binary
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Bwn(FinetuningMethod):
    """All convolutions and linear layers but the first and the last; feature maps stay real."""

    version = 2
    family = "binary"
    title = "BWN"
    source = "rastegari2016xnor"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return binary.binarization.trained(
            compressed,
            workbench,
            binary.binarization.inner_layers(compressed),
            lambda weight: binary.signs.ScaledSigns(),
            distill=self.distill,
        )
