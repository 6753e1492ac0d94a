"""Trained in turns with and without a mask, sparse at the end (AC/DC, Peste et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method, require_unrounded
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class AcDc(Method):
    """A fresh network is trained by the model's own recipe, dense and sparse in turns.

    The authors' schedule in shares of the training: dense to 10%, then turns of 5%, the first of them sparse, to 75%,
    dense to 85%, sparse to the end. Each sparse phase takes the largest weights of the network at its start. Where the
    authors reset all momentum then, that of masked weights alone runs out here.

    Args:
        sparsity: share of convolution and linear weights to remove.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    version = 2  # the last epoch is kept, with its masks
    family = "pruning"
    title = "AC/DC"
    source = "peste2021acdc"
    start = "random"
    trains = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        return pruning.alternating.trained(compressed, workbench, self.sparsity)
