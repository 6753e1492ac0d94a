"""Learning both weights and connections (Han et al. 2015): prune a little, retrain the survivors, and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench, divided
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Han(FinetuningMethod):
    """Every round removes the same share of the surviving weights: the smallest of all layers together.

    The rounds share the epochs of the fine-tuning recipe, so that they train no longer than one round would.

    Source: Learning both Weights and Connections for Efficient Neural Networks, sections 3 and 3.4; there every layer
    has its own threshold, set by hand.

    Args:
        sparsity: share of convolution and linear weights to remove in the end.
        rounds: number of rounds of pruning and retraining.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    rounds: Annotated[int, Field(ge=1)] = 3

    version = 2  # rounds take as many steps as one training
    family = "pruning"
    title = "Iterative magnitude (Han)"
    source = "han2015learning"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        lengths = divided(workbench, workbench.epochs, self.rounds)
        for sparsity, epochs in zip(sparsities(self.sparsity, self.rounds), lengths, strict=True):
            pruned = pruning.masking.pruned(compressed, pruning.masking.global_magnitude(compressed.network, sparsity))
            compressed = pruning.masking.retrained(pruned, workbench, distill=self.distill, epochs=epochs)
        return compressed


def sparsities(last: float, rounds: int) -> Iterator[float]:
    """The sparsity after each round, if every round keeps the same share of the surviving weights.

    >>> list(sparsities(0.75, 2))
    [0.5, 0.75]
    """
    for number in range(1, rounds):
        yield 1 - (1 - last) ** (number / rounds)
    yield last
