"""Gradual magnitude pruning (Zhu and Gupta 2017): fast at first, slower and slower, while training goes on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod, require_unrounded
from bench.compress.pruning.gradual import Gradually
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class GradualMagnitude(FinetuningMethod):
    """Removes the smallest weights of all layers together, at evenly spaced steps of one training.

    Source: To prune, or not to prune, equation 1, from a sparsity of 0; there every layer has the same sparsity.

    Args:
        sparsity: share of convolution and linear weights to remove in the end.
        times: how often weights are removed.
        share: share of the training in which that happens.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    times: Annotated[int, Field(ge=1)] = 20
    share: Annotated[float, Field(gt=0, le=1)] = 0.5

    family = "pruning"
    version = 2
    title = "Gradual magnitude"
    source = "zhu2017prune"
    searched: ClassVar = {"sparsity": (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        network = deepcopy(compressed.network)
        masks = dict(compressed.masks)

        def prune(progress: float) -> None:
            # `masks` is updated in place, because `keep_zeros` below reads it after every step
            smallest = pruning.masking.global_magnitude(network, cubic(self.sparsity, progress))
            masks.update(pruning.masking.joined(smallest, compressed.masks))
            pruning.masking.apply(network, masks)

        gradually = Gradually(prune, self.times, self.share)
        history = workbench.finetune(
            network,
            before_step=gradually,
            after_step=pruning.masking.keep_zeros(network, masks),
            distill=self.distill,
        )
        gradually.finish()
        return compressed.but(network=network, masks=masks, history=(*compressed.history, *history))


def cubic(last: float, progress: float) -> float:
    """The sparsity at a progress of pruning from 0 to 1 (equation 1): fast at first, slower as weights get scarce.

    >>> round(cubic(0.8, 0.5), 3), cubic(0.8, 1.0)
    (0.7, 0.8)
    """
    return last * (1 - (1 - progress) ** 3)
