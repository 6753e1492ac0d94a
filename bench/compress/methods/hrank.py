"""Whole channels pruned by the rank of their feature maps (Lin et al. 2020)."""

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
class Hrank(StructuredMethod):
    """A channel's score is the rank of its feature map behind normalisation and activation, mean over training images.

    In a residual stream it is the mean over all maps that layers read. Maps of few pixels hardly differ in rank: of
    equals, the last go first. Of sequences of tokens there is no rank.

    Args:
        images: of training.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip: see StructuredMethod.
    """

    images: Annotated[int, Field(ge=1)] = 640

    title = "HRank"
    source = "lin2020hrank"
    version = 2

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.feature_ranks(network, groups, workbench, self.images)
