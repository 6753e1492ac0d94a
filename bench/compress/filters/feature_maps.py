"""Feature maps of channels as layers read them: behind normalisation and activation, and before any pooling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from bench.compress.filters.axes import LINEAR, Axes
from bench.compress.filters.buffers import Buffer
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.rows import Axis, ChannelRow
from bench.compress.method import NotApplicable
from bench.footprint.trace import Trace, Value, trace

LAYERS = ("convolution", *LINEAR)  # operations that read maps; others hand them on
Place = tuple[int, int]  # the number of an operation, and which of its inputs


@dataclass(frozen=True)
class _Map:
    """Where a group's maps are in the memory of an operation's input.

    Attributes:
        group: its number.
        value: the memory as it was first written.
        axis: of all channels there.
        start: the group's first.
    """

    group: int
    value: Value
    axis: int
    start: int


class FeatureMaps:
    """The maps of groups of channels in a network: each that a layer reads, several in a residual stream.

    Args:
        example: (1, C, H, W), as all images must be.
    """

    def __init__(self, network: torch.nn.Module, groups: Sequence[CoupledChannels], example: torch.Tensor):
        self.network, self.groups = network, groups
        self.places: dict[Place, list[_Map]] = defaultdict(list)
        traced = trace(network, example)
        read = _Read(network, traced)
        for number, group in enumerate(groups):
            mine = read.by_writers[group.writers]
            for place in dict.fromkeys(read.places(mine)):
                buffer = read.seen[place]
                start = next(start for start, axis in buffer.row.starts() if axis is mine)
                self.places[place].append(_Map(number, buffer.value, buffer.axis, start))

    def of(self, image: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
        """The number of a group and its maps (C, H, W), for every map that one image makes.

        Raises:
            NotApplicable: they are no maps.
        """
        found: list[tuple[int, torch.Tensor]] = []

        def watch(number: int, inputs: Sequence[torch.Tensor]) -> None:
            for position, tensor in enumerate(inputs):
                found.extend((one.group, self._cut(one, tensor)) for one in self.places.get((number, position), ()))

        trace(self.network, image, watch)
        yield from found

    def _cut(self, one: _Map, tensor: torch.Tensor) -> torch.Tensor:
        group, value = self.groups[one.group], one.value
        # whatever view of the memory the operation reads, the maps lie in it as they were written
        written = tensor.as_strided(value.shape, value.strides, value.offset).movedim(one.axis, 1)
        if written.ndim == 2:  # a linear layer computes one matrix of all positions, or of one
            positions = group.resolution or (1, 1)
            written = written.movedim(0, 1)[None].unflatten(2, positions)
        if written.ndim != 4:
            reader = group.readers[0].weight
            raise NotApplicable(f"{reader} reads maps of {written.ndim} axes: a rank is of (b, C, H, W)")
        return written[0, one.start : one.start + group.count]


class _Read(Axes):
    """Axes, and which operations read them."""

    def __init__(self, network: torch.nn.Module, traced: Trace):
        super().__init__(network, traced)
        self.seen: dict[Place, Buffer] = {}  # the memory of inputs
        self.before: dict[Place, int] = {}  # the operation that wrote it last
        writer: dict[int, int] = {}  # by buffer
        for number, operation in enumerate(traced.operations):
            for position, value in enumerate(operation.inputs):
                if value.buffer in self.buffers:
                    self.seen[number, position] = self.buffers[value.buffer]
                    self.before[number, position] = writer.get(value.buffer, -1)
            self.follow(operation)
            writer.update((value.buffer, number) for value in operation.outputs)
        groups = list(self.free())  # fixes what the network's own outputs are
        self.by_writers = dict(zip((group.writers for group in groups), (axis for axis in self.all if axis.free)))

    def places(self, axis: Axis) -> Iterator[Place]:
        """Where a layer reads the axis, or what is only handed on to one: through pooling, by what that reads."""
        for (number, position), buffer in self.seen.items():
            if self.traced.operations[number].name in LAYERS and _has(buffer.row, axis):
                yield from self._behind_pooling((number, position), axis)

    def _behind_pooling(self, place: Place, axis: Axis) -> Iterator[Place]:
        before = self.before[place]
        operation = self.traced.operations[before]
        if before < 0 or operation.elementwise or operation.name in LAYERS:
            yield place
            return
        for position in range(len(operation.inputs)):
            buffer = self.seen.get((before, position))
            if buffer is not None and _has(buffer.row, axis):
                yield from self._behind_pooling((before, position), axis)


def _has(row: ChannelRow, axis: Axis) -> bool:
    return any(one is axis for _, one in row.starts())
