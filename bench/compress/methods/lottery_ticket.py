"""A lottery ticket (Frankle and Carbin 2019): prune what was trained, rewind the survivors to how they began, train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod, NotApplicable, require_unrounded
from bench.compress.methods.han import sparsities
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LotteryTicket(FinetuningMethod):
    """Removes the weights that end smallest after training, rewinds the others to their initial values, trains them.

    All other tensors, those of normalisation too, are rewound with the weights.

    Source: The Lottery Ticket Hypothesis, section 1; with several rounds, strategy 1 of appendix B.

    Args:
        sparsity: share of convolution and linear weights to remove in the end.
        rounds: number of rounds of pruning, rewinding and training; each removes the same share of the surviving
            weights.
        epochs: of training per round; default the fine-tuning recipe's, which may be short for a start from nothing.
        learning_rate: peak, instead of the fine-tuning recipe's.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    rounds: Annotated[int, Field(ge=1)] = 1
    epochs: Annotated[float, Field(gt=0)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None

    family = "pruning"
    title = "Lottery ticket"
    source = "frankle2019lottery"

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method: what is trained begins at initial weights, in every round."""
        return Budget(trained=self.rounds * (self.epochs or finetuning))

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        initial = _initial(compressed, workbench)
        for sparsity in sparsities(self.sparsity, self.rounds):
            masks = pruning.masking.global_magnitude(compressed.network, sparsity)
            ticket = pruning.masking.pruned(compressed.but(network=initial), masks)
            compressed = pruning.masking.retrained(
                ticket, workbench, distill=self.distill, epochs=self.epochs, learning_rate=self.learning_rate
            )
        return compressed


def _initial(compressed: Compressed, workbench: Workbench) -> torch.nn.Module:
    if compressed.structure:
        raise NotApplicable("its layers are no longer those that it began with, so there is nothing to rewind them to")
    initial = workbench.initial()
    if initial is None:
        raise NotApplicable("it was not trained here, so its initial weights are not known")
    return initial
