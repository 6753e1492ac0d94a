"""Whole channels pruned by their L2 norm, after training that shrinks small ones (Fang et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench.compress import filters
from bench.compress.filters.structured import SparselyTrainedMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels
    from bench.compress.filters.regularisers import Penalty


@dataclass(frozen=True)
class GroupNorm(SparselyTrainedMethod):
    """Training adds λ·2^(α·s)·w to the gradient of all weights of a channel, s from 0 (largest norm) to 1 (smallest).

    Then channels go by the squared L2 norm of all that belongs to them, as in `group-magnitude`.

    Args:
        strength: λ.
        exponent: α.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip, sparse_epochs: see
            SparselyTrainedMethod.
    """

    strength: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5e-4
    exponent: Annotated[float, Field(ge=0, le=16)] = 4

    version = 2  # met to the channel; the last epoch of sparse training is kept
    title = "Group norm, sparse training"
    source = "fang2023depgraph"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.magnitude(network, groups, 2)

    def penalty(self) -> Penalty:
        """See SparselyTrainedMethod."""
        return filters.regularisers.group_norms(self.strength, self.exponent)
