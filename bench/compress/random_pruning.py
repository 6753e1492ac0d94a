"""Control: as many weights pruned in each layer as magnitude pruning takes, chosen at random, then retrained."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress import _masks
from bench.compress._method import Method, Workbench
from bench.compress.finetune import Finetune

if TYPE_CHECKING:
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomPruning(Method):
    """Tells what choosing by magnitude is worth from what sparsity and retraining do.

    Args:
        sparsity: share of convolution and linear weights that is removed, divided over the layers as magnitude
            pruning would divide it.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    family = "control"
    title = "Random pruning, fine-tuned"
    source = "blalock2020state"
    finetunes = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        network = deepcopy(compressed.network)
        masks = _masks.random_like(_masks.global_magnitude(network, self.sparsity), workbench.seed)
        _masks.apply(network, masks)
        return Finetune()(compressed.but(network=network, masks=masks), workbench)
