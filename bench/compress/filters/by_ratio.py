"""The contract of thinning every layer by a ratio: all layers at once, or one after another with retraining between."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bench.compress import filters
from bench.compress.filters.settings import Layers, Ratios
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.filters.turns import Choices


@dataclass(frozen=True)
class RatioMethod(FinetuningMethod):
    """Removes a share of every layer's filters, and all that belongs to them, and fine-tunes.

    The result is a smaller dense network.

    Args:
        ratio: share of a layer's filters to remove; or one per stage of equal resolution, from first to last.
        skip: layers that keep all their filters, by name.
        channels: "inside" leaves alone what an addition joins, so that in residual networks only filters inside blocks
            go, as in the papers; "all" takes the same ones out of all layers that are added. A shortcut that pads
            channels with zeros fixes those around it, and so does layer normalisation: without some of the channels,
            the others' mean would change.
        order: "together" thins all layers, then fine-tunes; "layers" fine-tunes after each layer, from first to last.
        rounds: go through all layers so often, each time to an equal part of the ratio. Whatever the order and the
            rounds, the epochs of fine-tuning are the same, divided equally.
    """

    ratio: Ratios = 0.5
    skip: Layers = ()
    channels: Literal["inside", "all"] = "inside"
    order: Literal["together", "layers"] = "together"
    rounds: Annotated[int, Field(ge=1, le=100)] = 1

    family = "structured pruning"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    @abstractmethod
    def kept(self, filters: int, share: float) -> int:
        """How many of so many filters stay if a share of them is removed."""

    @abstractmethod
    def choices(self, workbench: Workbench) -> Choices:
        """How filters are chosen, see `bench.compress.filters.turns`."""

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        turns = filters.turns.planned(
            compressed,
            self.ratio,
            self.skip,
            self.kept,
            self.channels,
            one_by_one=self.order == "layers",
            rounds=self.rounds,
        )
        choices = self.choices(workbench)
        return filters.turns.thinned(compressed, workbench, turns, choices, self.channels, distill=self.distill)
