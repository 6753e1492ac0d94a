"""Weights bent by a tanh onto a fixed grid, feature maps clipped to 0 to 1 (DoReFa-Net, Zhou et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

from bench.compress import quantization
from bench.compress.methods._quantising import Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Dorefa(Quantising):
    """Odd multiples of 1/(2^bits - 1), from -1 to 1, in all layers but the first and the last; 1 bit: ±mean|W|.

    Where no batch normalisation follows a layer, its grid reaches as far as its weights did. There is no zero: pruned
    weights are refused. Gradients are not quantised.

    Args:
        bits: width of a weight.
        activation_bits: of inputs, clipped to 0 to 1; 32 leaves them as they are. A network in which a layer reads
            negative numbers is refused then.
    """

    bits: Literal[1, 2, 3, 4, 6, 8] = 4
    activation_bits: Literal[1, 2, 3, 4, 6, 8, 32] = field(default=32, kw_only=True)  # type: ignore[assignment]

    version = 2
    family = "quantization"
    keeps_zeros = False
    title = "DoReFa"
    source = "zhou2016dorefa"
    searched: ClassVar = {"bits": (8, 6, 4, 3, 2, 1)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        ready, weights = quantization.odd_grid.layers(compressed, self.bits, self.outer())
        # `ready` computes the same once its weights are quantised, which they are not yet
        reader = partial(quantization.inputs.ClippedInput, limit=1.0, trained=False)
        return self.trained(ready, workbench, weights, reader=reader, seen=compressed)
