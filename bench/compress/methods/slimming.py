"""Whole channels pruned by the scale of their batch normalisation, made sparse first (Liu et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bench.compress import filters
from bench.compress.filters.structured import SparselyTrainedMethod
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels
    from bench.compress.filters.regularisers import Penalty


@dataclass(frozen=True)
class Slimming(SparselyTrainedMethod):
    """Training with λΣ|γ| drives the scales of superfluous channels to zero; the smallest |γ| of the network go.

    The paper trains so from the beginning; here the trained network is trained on, with the penalty on the scales of
    channels that can go. Channels that no such scale follows stay.

    Args:
        strength: λ of the penalty.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip, sparse_epochs: see
            SparselyTrainedMethod.
    """

    strength: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-4
    normalise: Literal["mean", "max", "none"] = "none"

    version = 2  # met to the channel; the last epoch of sparse training is kept
    title = "Network slimming"
    source = "liu2017slimming"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def eligible(self, network: torch.nn.Module, groups: list[CoupledChannels]) -> list[CoupledChannels]:
        """See StructuredMethod."""
        scaled = [group for group in groups if filters.members.scales(network, group)]
        if not scaled:
            raise NotApplicable("no batch normalisation with a scale and a shift follows its layers")
        return scaled

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.scale(network, groups)

    def penalty(self) -> Penalty:
        """See SparselyTrainedMethod."""
        return filters.regularisers.lasso_of_scales(self.strength)
