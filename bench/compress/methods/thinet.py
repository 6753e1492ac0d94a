"""Filters pruned by what the next layer would miss, which is then made up for (Luo, Wu & Lin 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress.method import FinetuningMethod
from bench.compress.methods.li import Layers, Ratios
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Thinet(FinetuningMethod):
    """Channels go whose joint contribution to sampled outputs of the next layer is smallest.

    They are chosen greedily; the next layer's weights for each channel that stays are scaled by least squares. Layers
    are worked from first to last, each on the network that the ones before left; then all is fine-tuned. Only
    channels that no addition joins to others go.

    Args:
        ratio: share of a layer's filters that goes, the number kept being rounded down; or one for each stage of a
            resolution, from first to last.
        skip: layers that stay whole, by name.
        images: of the training set.
        positions: sampled in the next layer's output, an image.
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
        from bench.compress.filters import next_layer, thinning

        wanted = thinning.counts(compressed, self.ratio, self.skip, rounded_down)
        choose = partial(next_layer.choose, workbench=workbench, images=self.images, positions=self.positions)
        return thinning.tuned(thinning.thinned(compressed, wanted, choose), workbench, distill=self.distill)


def rounded_down(filters: int, share: float) -> int:
    """Kept: ⌊(1 - share)·filters⌋."""
    return int(round((1 - share) * filters, 9))  # (1 - 0.9) * 10 is 0.9999999999999998: yet one filter
