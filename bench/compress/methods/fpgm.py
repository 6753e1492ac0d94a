"""Whole channels pruned nearest to the geometric median of their layer's filters (He et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import filters
from bench.compress.filters.structured import StructuredMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels


@dataclass(frozen=True)
class Fpgm(StructuredMethod):
    """A filter's score is the sum of its Euclidean distances to all filters of its layer: what others can replace goes.

    In one shot, or in rounds; the paper's soft pruning, in which filters may come back, is another schedule.

    Args:
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip: see StructuredMethod.
    """

    version = 2  # rounds take as many steps as one training, targets are met to the channel
    title = "FPGM"
    source = "he2019filter"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.geometric_median(network, groups)
