"""Filters pruned by what the next layer would miss, which is then made up for (Luo, Wu & Lin 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import filters
from bench.compress.method import FinetuningMethod
from bench.compress.methods.li import Layers, Ratios
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Thinet(FinetuningMethod):
    """Removes the channels whose joint contribution to sampled outputs of the next layer is smallest.

    They are chosen greedily; the next layer's weights for every remaining channel are then scaled by least squares.
    Layers are thinned from first to last, each in the network thinned so far, and the result is fine-tuned. Channels
    that an addition joins to others stay.

    Args:
        ratio: share of a layer's filters to remove, with the number kept rounded down; or one per stage of equal
            resolution, from first to last.
        skip: layers that keep all their filters, by name.
        images: number of training images.
        positions: number of positions to sample in the next layer's output, per image.
    """

    ratio: Ratios = 0.5
    skip: Layers = ()
    images: Annotated[int, Field(ge=1)] = 256
    positions: Annotated[int, Field(ge=1)] = 10

    family = "structured pruning"
    title = "ThiNet"
    source = "luo2017thinet"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        counts = filters.thinning.counts(compressed, self.ratio, self.skip, rounded_down)
        choose = partial(
            filters.next_layer.choose,
            workbench=workbench,
            images=self.images,
            positions=self.positions,
            calls=filters.next_layer.calls(compressed.network, workbench.example),
        )
        return filters.thinning.tuned(
            filters.thinning.thinned(compressed, counts, choose), workbench, distill=self.distill
        )


def rounded_down(filters: int, share: float) -> int:
    """Number of filters to keep: ⌊(1 - share)·filters⌋."""
    return int(round((1 - share) * filters, 9))  # (1 - 0.9) * 10 is 0.9999999999999998: yet one filter
