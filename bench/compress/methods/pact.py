"""Feature maps clipped at a learned limit, weights as DoReFa has them (PACT, Choi et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import quantization
from bench.compress.methods._quantising import Bits, Quantising
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Pact(Quantising):
    """clip(x, 0, α) in 2^activation_bits - 1 steps, for each layer but the first and the last, and DoReFa's weights.

    α is trained, and decays by the recipe's weight decay. A network in which such a layer reads negative numbers is
    refused, and so are pruned weights, since DoReFa's grid has no zero.

    Args:
        bits: width of a weight.
        activation_bits: of inputs; default `bits`.
        limit: what each α starts from, 10 as published. Decay takes it down slowly: a short training with few bits
            does better from about the largest input, 2 or 3 behind a normalisation.
    """

    bits: Bits = 4
    activation_bits: Bits | None = field(default=None, kw_only=True)  # type: ignore[assignment]
    limit: Annotated[float, Field(gt=0, lt=1e6)] = field(default=10.0, kw_only=True)

    version = 2
    family = "quantization"
    keeps_zeros = False
    title = "PACT"
    source = "choi2018pact"
    searched: ClassVar = {"bits": (8, 6, 4, 3, 2)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        ready, weights = quantization.odd_grid.layers(compressed, self.bits, self.outer())
        # `ready` computes the same once its weights are quantised, which they are not yet
        reader = partial(quantization.inputs.ClippedInput, limit=self.limit, trained=True)
        return self.trained(ready, workbench, weights, self.activation_bits or self.bits, reader, seen=compressed)
