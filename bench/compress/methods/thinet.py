"""Filters pruned by what the next layer would miss, which is then made up for (Luo, Wu & Lin 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from bench import footprint
from bench.compress import filters
from bench.compress.filters.by_ratio import RatioMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.filters.coupled import CoupledChannels
    from bench.compress.filters.thinning import Choose
    from bench.compress.filters.turns import Choices


@dataclass(frozen=True)
class Thinet(RatioMethod):
    """Removes the channels whose joint contribution to sampled outputs of the next layer is smallest.

    They are chosen greedily; the next layer's weights for every remaining channel are then scaled by least squares.
    Layers are thinned from first to last, each in the network thinned so far. By default the result is fine-tuned once;
    with `order = "layers"` it is after each layer, as in the paper, which trains longest after the last.

    Args:
        ratio: share of a layer's filters to remove, with the number kept rounded down; or one per stage, see
            RatioMethod.
        skip, channels, order, rounds: see RatioMethod.
        images: number of training images.
        positions: number of positions to sample in the next layer's output, per image.
    """

    images: Annotated[int, Field(ge=1)] = 256
    positions: Annotated[int, Field(ge=1)] = 10

    version = 2  # rounds take as many steps as one training
    title = "ThiNet"
    source = "luo2017thinet"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def kept(self, filters: int, share: float) -> int:
        """See RatioMethod."""
        return rounded_down(filters, share)

    def choices(self, workbench: Workbench) -> Choices:
        """See RatioMethod."""
        return partial(self._choice, workbench)

    def _choice(self, workbench: Workbench, compressed: Compressed, groups: Sequence[CoupledChannels]) -> Choose:
        traced = footprint.trace.trace(compressed.network, workbench.example)
        return partial(
            filters.next_layer.choose,
            workbench=workbench,
            images=self.images,
            positions=self.positions,
            calls=filters.next_layer.calls(traced),
            finished=filters.finished.FinishedModules(traced, groups),
        )


def rounded_down(filters: int, share: float) -> int:
    """Number of filters to keep: ⌊(1 - share)·filters⌋."""
    return int(round((1 - share) * filters, 9))  # (1 - 0.9) * 10 is 0.9999999999999998: yet one filter
