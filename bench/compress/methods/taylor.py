"""Whole channels pruned by a first-order estimate of the loss without them (Molchanov et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bench.compress import filters
from bench.compress.filters.structured import StructuredMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels


@dataclass(frozen=True)
class Taylor(StructuredMethod):
    """A channel's score is the squared change of the loss that its removal would cause, to first order.

    Gradients are of the task's loss on training images, with the network in eval mode.

    Args:
        form: "gate" takes (γ·∂L/∂γ + β·∂L/∂β)² of batch normalisation, "weight" Σ(w·∂L/∂w)² of the filter, "group"
            Σ|w·∂L/∂w|, mean over all tensors that lose a slice with the channel.
        images: of training.
        batch_size: images; scores are means over batches.
        ratio, target, scope, normalise, channels, rounds, least, round_to, skip: see StructuredMethod.
    """

    form: Literal["gate", "weight", "group"] = "gate"
    images: Annotated[int, Field(ge=1)] = 960
    batch_size: Annotated[int, Field(ge=1)] = 32

    version = 2  # rounds take as many steps as one training, targets are met to the channel
    title = "Taylor"
    source = "molchanov2019importance"
    revision = 1  # concatenated maps and hidden channels of linear layers, which the zoo has none of

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """See StructuredMethod."""
        engine = filters.importance
        form = {"gate": engine.gates, "weight": engine.weights, "group": engine.group_products}[self.form]
        return form(network, groups, workbench, self.images, self.batch_size)
