"""Pruned at initialisation without data, by synaptic flow (SynFlow, Tanaka et al. 2020), then trained."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method, NotApplicable
from bench.compress.methods.han import sparsities
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Synflow(Method):
    """From a fresh network the weights go through which least flows, in many rounds that each score those left anew.

    The others are trained from their initial values by the model's own recipe. Every round is a forward and a backward
    pass of one image, in float64. In a network without biases a path leads from the image to the outputs while weights
    are left, so that no layer is emptied that all paths cross. Biases, which count by their size as in the authors'
    code, let something flow behind an emptied layer too, and branches beside a shortcut that carries most of the flow
    may be emptied: which layers are, is logged.

    Source: Pruning Neural Networks Without Any Data by Iteratively Conserving Synaptic Flow, algorithm 1.

    Args:
        sparsity: share of convolution and linear weights to remove.
        rounds: each keeps the same share of the weights left; a single one may empty whole layers.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    rounds: Annotated[int, Field(ge=1)] = 100

    revision = 1  # gates and activations that are functions pass on what flows
    family = "pruning"
    title = "SynFlow"
    source = "tanaka2020pruning"
    start = "random"
    trains = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        flow = pruning.synaptic_flow.SynapticFlow(compressed.network, workbench.example.shape)
        masks: dict[str, torch.Tensor] = {}
        for sparsity in sparsities(self.sparsity, self.rounds):
            scores = flow.scores(masks)
            if not any(bool((score > 0).any()) for score in scores.values()):
                raise NotApplicable(
                    "nothing flows from the image to its outputs, so that no weight is better than another"
                )
            # what is gone scores 0, as what nothing flows through does: below that it never comes back
            for name, mask in masks.items():
                scores[name].masked_fill_(~mask, -1)
            masks = pruning.allocation.best_share(scores, sparsity)
        if empty := [name for name, mask in masks.items() if not mask.any()]:
            message = "synaptic flow leaves no weight in %d of %d layers: %s"
            logging.getLogger(__name__).warning(message, len(empty), len(masks), ", ".join(empty))
        return pruning.masking.trained(compressed, workbench, masks)
