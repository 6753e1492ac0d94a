"""Layer-adaptive magnitude pruning (Lee et al. 2021), and the rules that it is compared with, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import pruning
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod
from bench.compress.methods.han import sparsities
from bench.compress.workbench import Workbench, divided
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Lamp(FinetuningMethod):
    """The smallest weights of each layer go, as many as one rule allots to it; the others are fine-tuned.

    "lamp" divides a weight's square by those of all larger ones of its layer and has one threshold over all layers.
    "erk" keeps more of narrow layers, "uniform" the same share of each, and "uniform+" that, but all of the first
    convolution and at least a fifth of the last layer, in the order in which the network registers them.

    Rounds share the epochs, and each removes the same share of the surviving weights.

    Source: Layer-adaptive Sparsity for the Magnitude-based Pruning.

    Args:
        sparsity: share of convolution and linear weights to remove in the end.
        allocation: the rule.
        rounds: number of rounds of pruning and retraining.
        epochs: of training in all; default the fine-tuning recipe's, 0 for none.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    allocation: Literal["lamp", "erk", "uniform", "uniform+"] = "lamp"
    rounds: Annotated[int, Field(ge=1)] = 1
    epochs: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    version = 2  # rounds take as many steps as one training
    family = "pruning"
    title = "LAMP"
    source = "lee2021layer"
    searched: ClassVar = {"sparsity": (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)}

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(finetuned=finetuning if self.epochs is None else self.epochs)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        lengths = divided(workbench, workbench.epochs if self.epochs is None else self.epochs, self.rounds)
        for sparsity, epochs in zip(sparsities(self.sparsity, self.rounds), lengths, strict=True):
            pruned = pruning.masking.pruned(compressed, self._masks(compressed.network, sparsity))
            compressed = pruning.masking.retrained(pruned, workbench, distill=self.distill, epochs=epochs)
        return compressed

    def _masks(self, network: torch.nn.Module, sparsity: float) -> dict[str, torch.Tensor]:
        allocation, weights = pruning.allocation, pruning.masking.prunable(network)
        shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
        count = allocation.survivors(sparsity, sum(weight.numel() for weight in weights.values()))
        if self.allocation == "lamp":
            return allocation.best({name: pruning.scores.lamp(weight) for name, weight in weights.items()}, count)
        counts = allocation.by_rule(self.allocation, shapes, count)
        return allocation.best_of_each({name: weight.detach().abs() for name, weight in weights.items()}, counts)
