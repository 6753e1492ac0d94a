"""Whole channels pruned by the diagonal of the Fisher information (Theis et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress import filters
from bench.compress.filters.structured import StructuredMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels


@dataclass(frozen=True)
class Fisher(StructuredMethod):
    """A channel's score is Σw²·mean(g²) over its filter, with the gradient g of single images.

    Labels are drawn from the network's own softmax, as the Fisher information wants, from the cell's seed.

    Args:
        images: of training, one backward pass each.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip: see StructuredMethod.
    """

    images: Annotated[int, Field(ge=1)] = 128

    version = 2  # rounds take as many steps as one training, targets are met to the channel
    title = "Fisher"
    source = "theis2018faster"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.fisher(network, groups, workbench, self.images)
