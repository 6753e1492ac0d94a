"""Pruned at initialisation so that the gradient keeps flowing (GraSP, Wang et al. 2020), then trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Grasp(Method):
    """From a fresh network the weights go without which the gradient's norm would rise most, or fall least.

    The others are trained from their initial values by the model's own recipe.

    Source: Picking Winning Tickets Before Training by Preserving Gradient Flow, algorithm 1. The authors' code draws
    linear layers anew first; here they stay as they began.

    Args:
        sparsity: share of convolution and linear weights to remove.
        images: of each class, on which the gradient and its change are taken.
        temperature: by which logits are divided.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    images: Annotated[int, Field(ge=1)] = 25
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 200.0

    family = "pruning"
    title = "GraSP"
    source = "wang2020picking"
    start = "random"
    trains = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        network = compressed.network
        batches = pruning.class_images.batches(network, workbench, self.images)
        scores = pruning.scores.gradient_flow(network, workbench.loss, batches, self.temperature)
        return pruning.masking.trained(compressed, workbench, pruning.allocation.best_share(scores, self.sparsity))
