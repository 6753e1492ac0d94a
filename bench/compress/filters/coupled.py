"""Coupled channels: all tensors that must be permuted, or thinned, as one; `channels.py` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Reader:
    """A weight whose inputs are these channels.

    Attributes:
        weight: name of the parameter; its axis 1 holds the channels.
        factor: neighbouring inputs per channel: 1, or the pixels of a feature map that was flattened.
        groups: of the convolution; each group of outputs sees one part of the channels.
    """

    weight: str
    factor: int = 1
    groups: int = 1

    def only(self, tensor: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """The weight, or a tensor of its shape, with the inputs of the `chosen` channels alone, in that order."""
        if self.groups > 1:
            # the weight of a group counts its inputs from 0, whichever part of the channels they are
            within = chosen.reshape(self.groups, -1) % tensor.shape[1]
            return torch.cat([part[:, inputs] for part, inputs in zip(tensor.chunk(self.groups), within)])
        return tensor[:, (chosen[:, None] * self.factor + torch.arange(self.factor).to(chosen)).reshape(-1)]


@dataclass(frozen=True)
class CoupledChannels:
    """Channels that must be permuted or thinned as one, in every tensor that has them.

    Attributes:
        count: how many there are.
        resolution: of the first feature map that holds them, (H, W).
        writers: weights of the layers that compute them, along axis 0; several if their outputs are added.
        followers: all other tensors with one entry per channel along axis 0: biases, normalisation, depthwise weights.
        readers: weights that take them as input.
        parts: equal runs of neighbours, from the groups of convolutions. A choice of channels must keep the order of
            the parts, and equally many channels of each.
        outputs: modules whose output has them along axis 1.
    """

    count: int
    resolution: tuple[int, ...]
    writers: tuple[str, ...]
    followers: tuple[str, ...]
    readers: tuple[Reader, ...]
    parts: int = 1
    outputs: tuple[str, ...] = ()


def take(network: torch.nn.Module, group: CoupledChannels, chosen: torch.Tensor) -> dict[str, torch.Tensor]:
    """All tensors of `group` by name, with only the `chosen` channels, (k,) int64, in that order."""
    return taken(network.state_dict(), group, chosen)


def taken(tensors: Mapping[str, torch.Tensor], group: CoupledChannels, chosen: torch.Tensor) -> dict[str, torch.Tensor]:
    """As `take`, of other tensors by parameter name, such as masks; parameters that have none are left out."""
    outputs = (*group.writers, *group.followers)
    taken = {name: tensors[name][chosen.to(tensors[name].device)] for name in outputs if name in tensors}
    for reader in group.readers:
        if reader.weight in tensors:
            # a layer that reads and writes these channels, as a one-layer residual branch, changes along both axes
            tensor = taken.get(reader.weight, tensors[reader.weight])
            taken[reader.weight] = reader.only(tensor, chosen.to(tensor.device))
    return taken
