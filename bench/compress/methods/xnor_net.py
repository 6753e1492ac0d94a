"""XNOR-Net (Rastegari et al. 2016): binary filters read binary feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress import binary
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class XnorNet(FinetuningMethod):
    """All convolutions and linear layers but the first and the last: normalise, take the sign, then convolve.

    The normalisation that the sign needs is put before every such layer, so that any order of convolution,
    normalisation and activation will do, residual blocks included; shortcuts stay real. Feature maps have no scale, as
    in the authors' published code. Transposed convolutions stay as they are: a filter's scale comes after its binary
    products, and their outputs are sums over filters.
    """

    version = 2
    family = "binary"
    title = "XNOR-Net"
    source = "rastegari2016xnor"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        layers = binary.binarization.inner_layers(compressed, transposed=False)
        return binary.binarization.trained(
            binary.binarization.with_binary_inputs(compressed, layers),
            workbench,
            [f"{layer}.layer" for layer in layers],
            lambda weight: binary.signs.ScaledSigns(),
            distill=self.distill,
        )
