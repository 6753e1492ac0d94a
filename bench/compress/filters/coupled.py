"""Coupled channels: all tensors that must be permuted, or thinned, as one; `channels.py` finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from bench.footprint.structure import channel_order


@dataclass(frozen=True)
class Follower:
    """A tensor with one entry per channel along axis 0: a bias, a part of a normalisation, a depthwise weight.

    Attributes:
        name: of the parameter or buffer.
        start: the entry of the first channel; those before and behind belong to feature maps concatenated with these.
    """

    name: str
    start: int = 0

    def only(self, tensor: torch.Tensor, chosen: torch.Tensor, count: int) -> torch.Tensor:
        """The tensor with the entries of the `chosen` of its `count` channels, in that order, and all of others."""
        return tensor[_positions(len(tensor), self.start, chosen, count)]


@dataclass(frozen=True)
class Reader:
    """A weight whose inputs are these channels.

    Attributes:
        weight: name of the parameter; its axis 1 holds the channels.
        factor: neighbouring inputs per channel: 1, or the pixels of a feature map that was flattened.
        groups: of the convolution; each group of outputs sees one part of the channels.
        start: the input of the first channel; those before and behind belong to feature maps concatenated with these.
    """

    weight: str
    factor: int = 1
    groups: int = 1
    start: int = 0

    def only(self, tensor: torch.Tensor, chosen: torch.Tensor, count: int) -> torch.Tensor:
        """The weight, or a tensor of its shape, with inputs of the `chosen` of its `count` channels, and all others."""
        if self.groups > 1:
            # the weight of a group counts its inputs from 0, whichever part of the channels they are
            within = chosen.reshape(self.groups, -1) % tensor.shape[1]
            return torch.cat([part[:, inputs] for part, inputs in zip(tensor.chunk(self.groups), within)])
        inputs = (chosen[:, None] * self.factor + torch.arange(self.factor).to(chosen)).reshape(-1)
        return tensor[:, _positions(tensor.shape[1], self.start, inputs, count * self.factor)]

    def alone(self, tensor: torch.Tensor, count: int) -> bool:
        """Whether all inputs of the weight are of these `count` channels."""
        return self.start == 0 and tensor.shape[1] * self.groups == count * self.factor


@dataclass(frozen=True)
class Output:
    """What a module puts out that has the channels along an axis.

    Attributes:
        module: its name; of one called more than once, that of the call.
        start: position of the first channel.
        width: all channels along that axis; more than the group's behind a concatenation.
    """

    module: str
    start: int
    width: int


@dataclass(frozen=True)
class CoupledChannels:
    """Channels that must be permuted or thinned as one, in every tensor that has them.

    Attributes:
        count: how many there are.
        resolution: of the first feature map that holds them, (H, W).
        writers: weights of the layers that compute them, along axis 0; several if their outputs are added.
        followers: all other tensors with one entry per channel along axis 0.
        readers: weights that take them as input.
        parts: equal runs of neighbours, from the groups of convolutions. A choice of channels must keep the order of
            the parts, and equally many channels of each.
        outputs: modules whose output has them.
    """

    count: int
    resolution: tuple[int, ...]
    writers: tuple[str, ...]
    followers: tuple[Follower, ...]
    readers: tuple[Reader, ...]
    parts: int = 1
    outputs: tuple[Output, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all its tensors."""
        followers = (follower.name for follower in self.followers)
        return (*self.writers, *followers, *(reader.weight for reader in self.readers))


class Removals:
    """Channels that are gone already, by tensor and axis: what stands behind them has moved forward.

    The groups of a network are found once, and thinned one after another. Where feature maps are concatenated, several
    groups share a tensor, and with the first of them the others' entries get another position.
    """

    def __init__(self) -> None:
        self._gone: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)

    def note(self, group: CoupledChannels, kept: int) -> None:
        """`kept` channels of a group, as it was found, are left."""
        for follower in group.followers:
            self._gone[follower.name, 0].append((follower.start, group.count - kept))
        for reader in group.readers:
            self._gone[reader.weight, 1].append((reader.start, (group.count - kept) * reader.factor))

    def moved(self, group: CoupledChannels) -> CoupledChannels:
        """The group, as it was found, where its tensors are now."""
        followers = (replace(member, start=self._now(member.name, 0, member.start)) for member in group.followers)
        readers = (replace(member, start=self._now(member.weight, 1, member.start)) for member in group.readers)
        return replace(group, followers=tuple(followers), readers=tuple(readers))

    def _now(self, name: str, axis: int, start: int) -> int:
        return start - sum(gone for other, gone in self._gone[name, axis] if other < start)


def take(network: torch.nn.Module, group: CoupledChannels, chosen: torch.Tensor) -> dict[str, torch.Tensor]:
    """All tensors of `group` by name, with only the `chosen` channels, (k,) int64, in that order."""
    return taken(network.state_dict(), group, chosen)


def taken(tensors: Mapping[str, torch.Tensor], group: CoupledChannels, chosen: torch.Tensor) -> dict[str, torch.Tensor]:
    """As `take`, of other tensors by parameter name, such as masks; parameters that have none are left out."""
    result: dict[str, torch.Tensor] = {}
    members: list[tuple[str, Follower | Reader]] = [(name, Follower(name)) for name in group.writers]
    members += [(follower.name, follower) for follower in group.followers]
    members += [(reader.weight, reader) for reader in group.readers]
    # from the last slice of a tensor to the first, in case it has several: none moves before its turn
    for name, member in sorted(members, key=lambda member: -member[1].start):
        if name in tensors:
            # a layer that reads and writes these channels, as a one-layer residual branch, changes along both axes
            tensor = result.get(name, tensors[name])
            result[name] = member.only(tensor, chosen.to(tensor.device), group.count)
    return result


def order_step(choices: Sequence[tuple[CoupledChannels, Sequence[int]]]) -> dict[str, Any]:
    """The structural step that says which channels modules put out, once some of each group are left, or reordered."""
    alone = [
        ([output.module for output in group.outputs if output.width == group.count], kept) for group, kept in choices
    ]
    return channel_order.step(alone, _rows(group for group, _ in choices))


def _rows(groups: Iterable[CoupledChannels]) -> list[tuple[list[str], channel_order.RowParts]]:
    """Modules that put out channels of several groups one behind another, and which these are."""
    parts: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    for number, group in enumerate(groups):
        for output in group.outputs:
            if output.width != group.count:
                parts[output.module, output.width].append((output.start, group.count, number))
    modules: dict[channel_order.RowParts, list[str]] = defaultdict(list)
    for (module, width), groups_of_it in parts.items():
        row: list[tuple[int, ...]] = []
        at = 0
        for start, count, number in sorted(groups_of_it):
            row += [(start - at,)] if start > at else []
            row.append((count, number))
            at = start + count
        row += [(width - at,)] if width > at else []
        modules[tuple(row)].append(module)
    return [(names, row) for row, names in modules.items()]


def _positions(length: int, start: int, chosen: torch.Tensor, count: int) -> torch.Tensor:
    """Positions along an axis with the `chosen` in place of the `count` from `start` on."""
    everything = torch.arange(length, device=chosen.device)
    return torch.cat([everything[:start], start + chosen, everything[start + count :]])
