"""Pruned at initialisation by the sensitivity of connections (SNIP, Lee et al. 2019), then trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Snip(Method):
    """From a fresh network the weights go whose gates change the loss of a few images least, over all layers together.

    The others are trained from their initial values by the model's own recipe.

    Source: SNIP: Single-shot Network Pruning Based on Connection Sensitivity, algorithm 1.

    Args:
        sparsity: share of convolution and linear weights to remove.
        images: of each class, that gates are judged by.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    images: Annotated[int, Field(ge=1)] = 10

    family = "pruning"
    title = "SNIP"
    source = "lee2019snip"
    start = "random"
    trains = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        network = compressed.network
        batches = pruning.class_images.batches(network, workbench, self.images)
        scores = pruning.scores.connection_sensitivity(network, workbench.loss, batches)
        return pruning.masking.trained(compressed, workbench, pruning.allocation.best_share(scores, self.sparsity))
