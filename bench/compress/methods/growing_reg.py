"""Whole channels pruned by their L2 norm, after training with a growing weight decay (Wang et al. 2021)."""

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
class GrowingReg(SparselyTrainedMethod):
    """In epoch t, training adds (λ + t·δ·s)·w to the gradient of a channel's weights, s from 0 (largest norm) to 1.

    Then channels go by the squared L2 norm of all that belongs to them, as in `group-magnitude`.

    Args:
        base: λ.
        delta: δ, for each whole epoch of the sparse training: in one of a single epoch the term does not grow.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip, sparse_epochs: see
            SparselyTrainedMethod.
    """

    base: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5e-4
    delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-4

    version = 2  # met to the channel; the last epoch of sparse training is kept
    title = "Growing regularisation"
    source = "wang2021neural"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        return filters.importance.magnitude(network, groups, 2)

    def penalty(self) -> Penalty:
        """See SparselyTrainedMethod."""
        return filters.regularisers.growing(self.base, self.delta)
