"""Control: as many weights pruned in each layer as magnitude pruning takes, chosen at random, then retrained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomPruning(FinetuningMethod):
    """Separates the effect of choosing by magnitude from that of sparsity and retraining.

    Args:
        sparsity: share of convolution and linear weights to remove, divided over the layers as by magnitude pruning.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    family = "control"
    title = "Random pruning, fine-tuned"
    source = "blalock2020state"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        masks = pruning.masking.random_like(
            pruning.masking.global_magnitude(compressed.network, self.sparsity), workbench.seed
        )
        return pruning.masking.retrained(pruning.masking.pruned(compressed, masks), workbench, distill=self.distill)
