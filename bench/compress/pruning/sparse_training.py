"""The contract of training with a sparse network from the first step on, whose masks move."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method, require_unrounded
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.pruning.moving import Grow


@dataclass(frozen=True)
class SparseTrainingMethod(Method):
    """A fresh network is pruned at random and trained by the model's own recipe; its masks move as it trains.

    Every so many steps each layer drops its smallest weights and grows as many elsewhere, which start from zero. No
    layer's density changes. A step in which masks move changes no weight.

    Args:
        sparsity: share of convolution and linear weights that are zero, from the first step on.
        allocation: "erk" keeps more of narrow layers; "uniform" the same share of each, "uniform-first-dense" of each
            but the first, which keeps all; "uniform+" that, and at least a fifth of the last layer.
        interval: steps between two moves; a training in which they are fewer than three is warned of.
        share: of a layer's weights that would move at the beginning; it falls to zero as half a cosine.
        until: share of the training after which masks stay.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    allocation: Literal["erk", "uniform", "uniform-first-dense", "uniform+"] = "erk"
    interval: Annotated[int, Field(ge=1)] = 100
    share: Annotated[float, Field(ge=0, le=1)] = 0.3
    until: Annotated[float, Field(gt=0, le=1)] = 0.75

    family = "pruning"
    version = 2
    start = "random"
    trains = True

    @abstractmethod
    def growth(self, seed: int) -> Grow:
        """By what weights grow, see `bench.compress.pruning.moving`."""

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        engine = pruning.moving
        masks = engine.random_masks(compressed.network, self.sparsity, self.allocation, workbench.seed)
        grow = self.growth(workbench.seed)
        moving = engine.MovingMasks(masks, grow, interval=self.interval, share=self.share, until=self.until)
        return engine.trained(compressed, workbench, moving)
