"""What belongs to a channel: its slices of all tensors of a group, one row per channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn.modules.batchnorm import _NormBase

from bench.compress.filters.coupled import CoupledChannels, Follower, Reader


@dataclass(frozen=True)
class Member:
    """A parameter that loses a slice with a channel.

    Attributes:
        name: of the parameter.
        count: channels.
        start: the first one's entry along axis 0, if that is where they are.
        reader: how it takes the channels as inputs; None if they are its axis 0.
    """

    name: str
    count: int
    start: int = 0
    reader: Reader | None = None

    def rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor of the parameter's shape as (C, n): its numbers by channel."""
        if self.reader is None:
            return tensor[self.start : self.start + self.count].reshape(self.count, -1)
        # Each group of a convolution's outputs counts its inputs from 0; a flattened channel has neighbouring inputs.
        groups, factor, start = self.reader.groups, self.reader.factor, self.reader.start
        inputs = tensor[:, start : start + self.count // groups * factor]
        parts = inputs.reshape(groups, len(tensor) // groups, self.count // groups, -1)
        return parts.transpose(1, 2).flatten(2).flatten(0, 1)

    def spread(self, values: torch.Tensor, tensor: torch.Tensor, others: float = 0.0) -> torch.Tensor:
        """One value per channel, (C,), shaped to be multiplied with a tensor of the parameter's shape.

        Args:
            others: the value of channels that are concatenated with these.
        """
        if self.reader is None:
            return _within(values, self.start, len(tensor), others).view(-1, *[1] * (tensor.ndim - 1))
        inputs = values.repeat_interleave(self.reader.factor).view(self.reader.groups, -1)
        if self.reader.groups == 1:
            inputs = _within(inputs[0], self.reader.start, tensor.shape[1], others)[None]
        by_weight = inputs.repeat_interleave(len(tensor) // self.reader.groups, dim=0)
        return by_weight.view(*by_weight.shape, *[1] * (tensor.ndim - 2))


def members(network: torch.nn.Module, group: CoupledChannels) -> Iterator[Member]:
    """Weights of the layers that write the channels, of depthwise convolutions, of normalisation, and of the readers.

    Biases, which follow, have no say.
    """
    yield from (Member(name, group.count) for name in group.writers)
    for follower in group.followers:
        if _is_scale(network, follower.name) or _axes(network, follower.name) > 1:
            yield Member(follower.name, group.count, follower.start)
    yield from (Member(reader.weight, group.count, reader=reader) for reader in group.readers)


def scales(network: torch.nn.Module, group: CoupledChannels) -> list[tuple[Member, Member]]:
    """The scale γ and the shift β of every normalisation of the channels that has both."""
    followers = set(group.followers)
    gammas = [follower for follower in group.followers if _is_scale(network, follower.name)]
    pairs = [(gamma, Follower(f"{gamma.name.removesuffix('weight')}bias", gamma.start)) for gamma in gammas]
    return [
        (Member(gamma.name, group.count, gamma.start), Member(beta.name, group.count, beta.start))
        for gamma, beta in pairs
        if beta in followers
    ]


def _within(values: torch.Tensor, start: int, length: int, others: float) -> torch.Tensor:
    return torch.nn.functional.pad(values, (start, length - start - len(values)), value=others)


def _is_scale(network: torch.nn.Module, name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    return attribute == "weight" and isinstance(network.get_submodule(module), _NormBase)


def _axes(network: torch.nn.Module, name: str) -> int:
    module, _, attribute = name.rpartition(".")
    return getattr(network.get_submodule(module), attribute).ndim
