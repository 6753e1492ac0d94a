"""Control: trained from the same initial weights for as long as a lottery ticket is, without compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod, NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Retrain(FinetuningMethod):
    """Separates the effect of pruning from that of training anew, which may be far shorter than the original's was.

    A profile's plan adds it where a method trains from initial weights for less than the original was trained.

    Args:
        epochs: default the fine-tuning recipe's.
    """

    epochs: Annotated[float, Field(gt=0)] | None = None

    family = "control"
    title = "Trained anew"
    source = "frankle2019lottery"

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(trained=self.epochs or finetuning)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        if compressed.structure or compressed.representations or compressed.masks:
            raise NotApplicable("training anew starts from nothing: it comes first in a chain")
        network = workbench.initial() or workbench.fresh()
        history = workbench.finetune(network, epochs=self.epochs, distill=self.distill)
        return compressed.but(network=network, history=(*compressed.history, *history))
