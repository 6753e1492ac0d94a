"""Control: trained on for as long as the compressed networks are, without compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Finetune(FinetuningMethod):
    """Separates the effect of compression from that of more training.

    In a chain it retrains the network of the method before, with pruned weights kept at zero. A profile's plan adds one
    for every length of fine-tuning that its methods have.

    Args:
        epochs: default the fine-tuning recipe's.
    """

    epochs: Annotated[float, Field(gt=0)] | None = None

    family = "control"
    title = "Fine-tuned"

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(finetuned=self.epochs or finetuning)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.masking.retrained(compressed, workbench, distill=self.distill, epochs=self.epochs)
