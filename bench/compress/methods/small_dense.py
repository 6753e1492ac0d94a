"""Control: a narrower network of the same family, trained from nothing, of a compressed network's size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import filters
from bench.compress.method import Method, NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class SmallDense(Method):
    """Separates the worth of compressing a large network from what a small one reaches by itself.

    All layers lose the same share of their channels. The widest network whose packed file has at most the wanted
    payload is built with fresh weights and trained with the original's own recipe. No weight of the original is used.

    Args:
        fraction: largest payload, as a share of the original's in float32: 0.25 is the size of 8 bits per weight.
        distill: learn the logits of the trained original (Hinton et al. 2015), besides the labels.
    """

    fraction: Annotated[float, Field(gt=0, lt=1)] = 0.25
    distill: bool = False

    family = "control"
    title = "Small dense network"
    source = "liu2019rethinking"
    trains = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        if compressed.structure or compressed.representations or compressed.masks:
            raise NotApplicable("a small dense network starts from nothing: it comes first in a chain")
        small = filters.widths.of_size(compressed.but(network=workbench.fresh()), self.fraction)
        history = workbench.train(small.network, distill=self.distill)
        return small.but(history=(*small.history, *history))
