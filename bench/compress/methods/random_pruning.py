"""Control: as many weights pruned in each layer as magnitude pruning takes, chosen at random, then retrained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress.method import FinetuningMethod
from bench.compress.pruning import masking
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomPruning(FinetuningMethod):
    """Tells what choosing by magnitude is worth from what sparsity and retraining do.

    Args:
        sparsity: share of convolution and linear weights that is removed, divided over the layers as magnitude
            pruning would divide it.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    family = "control"
    title = "Random pruning, fine-tuned"
    source = "blalock2020state"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        masks = masking.random_like(masking.global_magnitude(compressed.network, self.sparsity), workbench.seed)
        return masking.retrained(masking.pruned(compressed, masks), workbench, distill=self.distill)
