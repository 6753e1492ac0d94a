"""Whole channels pruned by the magnitude of all that belongs to them (Fang et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.compress import filters
from bench.compress.filters.structured import StructuredMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels


@dataclass(frozen=True)
class GroupMagnitude(StructuredMethod):
    """A channel's score is Σ|w|^p over its slice of each tensor that loses one with it, mean over these tensors.

    Args:
        power: 2, the squared L2 norm, or 1.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip: see StructuredMethod.
    """

    power: Literal[1, 2] = 2

    version = 2  # rounds take as many steps as one training, targets are met to the channel
    title = "Group magnitude"
    source = "fang2023depgraph"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.magnitude(network, groups, self.power)
