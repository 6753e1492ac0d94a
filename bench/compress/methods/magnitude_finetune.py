"""Global magnitude pruning, then training of the surviving weights (Han et al. 2015, one round)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.methods.magnitude import Magnitude
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class MagnitudeFinetune(FinetuningMethod):
    """Prune, then retrain the surviving weights with the fine-tuning recipe.

    Args:
        sparsity: share of convolution and linear weights to remove.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    family = "pruning"
    title = "Magnitude, fine-tuned"
    source = "han2015learning"
    searched: ClassVar = {"sparsity": (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.masking.retrained(
            Magnitude(self.sparsity)(compressed, workbench), workbench, distill=self.distill
        )
