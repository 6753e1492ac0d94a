"""The axes of channels of a network, followed through its traced graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from bench.compress.filters.buffers import Buffer
from bench.compress.filters.coupled import CoupledChannels, Follower, Output, Reader
from bench.compress.filters.hidden import modules_with_hidden_parameters
from bench.compress.filters.rows import Axis, ChannelRow, joined
from bench.footprint.trace import Operation, Trace, Value
from bench.zoo.networks.calls import call_names

MIXING = ("softmax", "layer_norm", "group_norm")  # elementwise in memory, yet every channel depends on the others
FROM_AXIS_1 = ("batch_norm", "_prelu_kernel")  # elementwise, with parameters for the entries along axis 1
REDUCING = ("amax", "mean")  # along the axes that they are given
PLANAR = (  # along the last two axes
    "_adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "max_pool2d_with_indices",
    "reflection_pad2d",
    "replication_pad2d",
    "upsample_bilinear2d",
    "upsample_nearest2d",
)
LINEAR = ("addmm", "mm")


class Axes:
    """The axes of a network's graph, learned operation by operation."""

    # This is a union-find over axes of channels. Each operation begins an axis (the output of a layer), hands on its
    # input's (normalisation, pooling, a depthwise convolution), or shows that two are the same (an addition) and joins
    # them with all their writers, followers and readers. An axis is found by the memory that holds the feature map, so
    # that views need few rules of their own, and by the parameter's axis, so that a layer used twice couples what it
    # reads and writes at both uses.
    #
    # What memory and parameters have along an axis is a row of such axes, because feature maps may be concatenated:
    # each has its own place there. Only rows that begin anew at the same places can be joined.
    #
    # `fixed` survives every join. An operation without a rule fixes all axes that it touches: a network that does
    # something unforeseen has fewer channels to change, but what is changed stays right.

    def __init__(self, network: torch.nn.Module, traced: Trace):
        self.network, self.traced = network, traced
        self.parameters = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        self.hidden = modules_with_hidden_parameters(network, traced)
        self.put_out = {call.output.buffer: call.output for call in reversed(traced.calls) if call.output is not None}
        self.buffers: dict[int, Buffer] = {}
        self.all: list[Axis] = []
        self.along: dict[tuple[str, int], ChannelRow] = {}  # by parameter, and which of its axes
        self.fixed_parameters: set[str] = set()
        for operation in traced.operations:
            for value in operation.inputs:
                if value.buffer in traced.inputs:
                    self._begin(value, fixed=True)

    def follow(self, operation: Operation) -> None:
        """Learn what an operation says about the axes."""
        # a tensor of constants, or one derived from parameters, may have an entry per channel that could not be moved
        visible = operation.module not in self.hidden and not operation.constants
        if not (visible and self._rule(operation)(operation)):
            self._fix(operation)

    def free(self) -> Iterator[CoupledChannels]:
        """Axes that nothing fixes, written by a layer and read by a layer."""
        for buffer in self.traced.outputs:
            if buffer in self.buffers:
                self.buffers[buffer].row.fix()
        for (name, _), row in self.along.items():
            if name in self.fixed_parameters:
                row.fix()
        outputs = self._outputs()
        for axis in self.all:
            if axis.free:
                members = (tuple(axis.writers), tuple(axis.followers), tuple(axis.readers))
                put_out = tuple(outputs.get(axis, ()))
                yield CoupledChannels(axis.count, axis.resolution, *members, axis.parts, put_out)

    def stuck(self) -> Iterator[Axis]:
        """Axes of several channels that layers write and an operation behind them fixes."""
        roots = (axis for axis in self.all if axis.same_as is None and axis.count > axis.parts)
        return (axis for axis in roots if axis.because and axis.writers)

    def _outputs(self) -> dict[Axis, list[Output]]:
        """By axis, modules whose output has it; of those called more than once, the calls."""
        calls = [(call.module, call.output) for call in self.traced.calls if call.module]
        outputs: dict[Axis, list[Output]] = {}
        for name, (_, value) in zip(call_names([module for module, _ in calls]), calls):
            if value is not None and self._axis_of(value) is not None:
                row = self.buffers[value.buffer].row
                for start, axis in row.starts():
                    outputs.setdefault(axis, []).append(Output(name, start, row.count))
        return outputs

    def _rule(self, operation: Operation) -> Callable[[Operation], bool]:
        """What an operation does to axes, as a function that returns False if it can't tell."""
        rules = {"convolution": self._convolution, "cat": self._concatenation, "clone": self._elementwise}
        rules |= {"roi_align": self._regions, "index_put_": self._put}
        rules |= dict.fromkeys(LINEAR, self._linear) | dict.fromkeys(REDUCING, self._reduction)
        rules |= dict.fromkeys(PLANAR, self._planar)
        if operation.name in rules:
            return rules[operation.name]
        if operation.elementwise and not any(part in operation.name for part in MIXING):
            return self._elementwise
        return lambda _: False

    def _convolution(self, operation: Operation) -> bool:
        layer = self._layer(operation, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d))
        value = operation.inputs[0]
        if layer is None or len(operation.inputs) != 1:
            return False
        source = self._row_along(value, 1)
        # depthwise: output i depends on input i alone, so the axis goes on and the filters follow the channels
        if source is not None and layer.groups == source.count == layer.out_channels > 1:
            return self._keeps(operation, source, 1) and self._follows(operation, source)
        return self._layer_between(operation, source or self._unknown(operation, value, 1), 1, layer.groups)

    def _linear(self, operation: Operation) -> bool:
        layer = self._layer(operation, (torch.nn.Linear,))
        if layer is None or len(operation.inputs) != 1:
            return False
        value = operation.inputs[0]  # rows of a matrix: images, or all positions of all maps with channels last
        source = self._row_along(value, 1)
        if source is not None:
            return self._layer_between(operation, source, 1)
        buffer = self.buffers.get(value.buffer)
        flattened = buffer.flattened(value) if buffer else None
        if flattened is not None:
            return self._layer_between(operation, flattened, value.shape[1] // flattened.count)
        return len(value.shape) == 2 and self._layer_between(operation, self._unknown(operation, value, 1), 1)

    def _concatenation(self, operation: Operation) -> bool:
        (output,), axis = operation.outputs, (*operation.axes, 0)[0]
        shapes = [value.shape for value in operation.inputs if len(value.shape) == len(output.shape)]
        if operation.parameters or sum(shape[axis] for shape in shapes) != output.shape[axis]:
            return False  # more than feature maps is in there
        along = [self._axis_of(value) for value in operation.inputs]
        if axis not in along:  # along another axis than that of channels, which must be the same of all
            return self._elementwise(operation)
        rows = [self._row_along(value, axis) or self._unknown(operation, value, axis) for value in operation.inputs]
        return self._keeps(operation, ChannelRow(tuple(part for row in rows for part in row.axes)), axis)

    def _planar(self, operation: Operation) -> bool:
        value = operation.inputs[0]
        axis = self._axis_of(value)
        if axis is None or axis >= len(value.shape) - 2 or len(operation.inputs) != 1:
            return False
        return self._keeps(operation, self.buffers[value.buffer].row, axis)

    def _regions(self, operation: Operation) -> bool:
        """Regions of maps, pooled: the channels of each are those of the maps."""
        maps, regions = operation.inputs[0], operation.inputs[1:]
        source = self._row_along(maps, 1)
        if source is None or len(regions) != 1:
            return False
        self._unknown(operation, regions[0], 1)  # the corners of boxes are no channels
        return self._keeps(operation, source, 1)

    def _put(self, operation: Operation) -> bool:
        """Maps put to their places along the first axis, into memory of zeros or of other such maps."""
        if len(operation.inputs) < 2 or len(operation.inputs[-1].shape) < 2:
            return False  # single numbers, or places that are constants
        (output,), (places, maps) = operation.outputs, operation.inputs[-2:]
        source = self._row_along(maps, 1)
        others = [value for value in operation.inputs[:-2] if value.buffer != output.buffer]
        # the operation does not say which axis its places are along: of a map with as many images as channels and
        # places they could be either
        along_first = places.shape == maps.shape[:1] and maps.shape[1:] == output.shape[1:]
        ambiguous = maps.shape[0] == maps.shape[1] == output.shape[0]
        if source is None or others or not along_first or ambiguous:
            return False
        if output.buffer not in self.buffers:
            return self._keeps(operation, source, 1)
        before = self._row_along(output, 1)
        return before is not None and bool(joined(before, source))

    def _reduction(self, operation: Operation) -> bool:
        value = operation.inputs[0]
        axis = self._axis_of(value)
        if axis is None or {0, axis} & set(operation.axes) or len(operation.inputs) != 1:
            return False
        kept = len(operation.outputs[0].shape) == len(value.shape)
        gone = 0 if kept else sum(reduced < axis for reduced in set(operation.axes))
        return self._keeps(operation, self.buffers[value.buffer].row, axis - gone)

    def _elementwise(self, operation: Operation) -> bool:
        axes = [self._axis_of(value) or 0 for value in operation.inputs]  # 0, that of images, has no channels
        # shapes are aligned from their ends when they differ in length
        end, *others = [axis - len(value.shape) for axis, value in zip(axes, operation.inputs)]
        row, *rows = [self.buffers[value.buffer].row for value in operation.inputs]
        if not all(axes) or {end} != {end, *others} or any(other.count != row.count for other in rows):
            return False
        by_position = any(name in operation.name for name in FROM_AXIS_1)
        if by_position and axes[0] != 1 and not self._one_number(operation):
            return False
        for other in rows:
            row = joined(row, other)
        shapes = None if by_position else operation.shapes
        return self._keeps(operation, row, end) and self._follows(operation, row, shapes=shapes, end=end)

    def _one_number(self, operation: Operation) -> bool:
        """Whether an operation has parameters, of one number each, and so does the same to every entry."""
        sizes = [self.parameters[name].numel() for name in operation.parameters]
        return set(sizes) == {1} and not operation.own_statistics

    def _layer_between(self, operation: Operation, source: ChannelRow, factor: int, groups: int = 1) -> bool:
        """A layer that reads one row and writes an axis of its own."""
        weight = next(name for name in operation.parameters if self.parameters[name].ndim > 1)
        source = self._attach((weight, 1), source)
        if groups > 1 and len(source.axes) > 1:
            source.fix()  # each group of outputs would see some channels of each map
        for start, axis in source.starts():
            axis.divide(groups)
            reader = Reader(weight, factor, groups, start * factor)
            if reader not in axis.readers:
                axis.readers.append(reader)
        target = self._attach((weight, 0), self._begin(operation.outputs[0]))
        if len(target.axes) > 1:  # elsewhere it follows concatenated maps
            return False
        axis = target.axes[0].root()
        axis.divide(groups)
        if weight not in axis.writers:
            axis.writers.append(weight)
        return self._follows(operation, target, apart=weight)

    def _keeps(self, operation: Operation, row: ChannelRow, axis: int) -> bool:
        """An operation whose outputs have the row of its inputs along an axis, which may count from their end."""
        for value in operation.outputs:
            # statistics that normalisation leaves empty have no axes, maps of no image have them all the same
            if value.shape != (0,) and value.buffer not in self.buffers:
                if not -len(value.shape) <= axis < len(value.shape) or value.shape[axis] != row.count:
                    return False
                self.buffers[value.buffer] = Buffer(row, value, axis % len(value.shape))
        return True

    def _follows(
        self,
        operation: Operation,
        row: ChannelRow,
        apart: str = "",
        shapes: tuple[tuple[int, ...], ...] | None = None,
        end: int = -1,
    ) -> bool:
        """Parameters with one entry per channel follow the row; those with a single number do not matter.

        Args:
            apart: a parameter that doesn't.
            shapes: of the parameters as they are used, if they are aligned with the maps from the last axis on.
            end: the axis of channels from the end, as -3.
        """
        for number, name in enumerate(operation.parameters):
            tensor = self.parameters[name]
            if name == apart or tensor.numel() == 1:
                continue
            if tensor.shape[0] != row.count or (tensor.ndim > 1 and operation.name != "convolution"):
                return False
            if shapes is not None and not _is_along(shapes[number], end, row.count):
                return False
            row = self._attach((name, 0), row)
            for start, axis in row.starts():
                if Follower(name, start) not in axis.followers:
                    axis.followers.append(Follower(name, start))
        return True

    def _attach(self, parameter_axis: tuple[str, int], row: ChannelRow) -> ChannelRow:
        """The row along a parameter's axis, the same at every use."""
        return joined(self.along.setdefault(parameter_axis, row), row)

    def _begin(self, value: Value, fixed: bool = False) -> ChannelRow:
        """An axis of its own along axis 1 of a value."""
        put_out = self.put_out.get(value.buffer, value)
        # a linear layer computes a matrix, and its module puts it out as maps with channels last
        last = len(value.shape) == 2 and len(put_out.shape) > 2 and put_out.shape[-1] == value.shape[1]
        resolution = put_out.shape[1:-1] if last else value.shape[2:]
        axis = Axis(value.shape[1] if len(value.shape) > 1 else 0, resolution, fixed)
        self.all.append(axis)
        self.buffers[value.buffer] = Buffer(ChannelRow((axis,)), value)
        return self.buffers[value.buffer].row

    def _unknown(self, operation: Operation, value: Value, axis: int) -> ChannelRow:
        """A fixed axis, for what reads memory in an unknown order; that memory's own row is fixed too."""
        if value.buffer in self.buffers:
            self.buffers[value.buffer].row.fix(f"{_named(operation)} reads them in an order that is not known")
        return ChannelRow((Axis(value.shape[axis], value.shape[2:], fixed=True),))

    def _fix(self, operation: Operation) -> None:
        because = f"{_named(operation)} is not known to treat them alike"
        for value in (*operation.inputs, *operation.outputs):
            if value.buffer in self.buffers:
                self.buffers[value.buffer].row.fix(because)
            else:
                self._begin(value, fixed=True).fix(because)
        self.fixed_parameters.update(operation.parameters)

    def _axis_of(self, value: Value) -> int | None:
        """The axis of a value along which all channels of its memory lie; None if none does."""
        buffer = self.buffers.get(value.buffer)
        return buffer.axis_of(value) if buffer else None

    def _row_along(self, value: Value, axis: int) -> ChannelRow | None:
        """The channels that are a value's `axis`; None if that is something else."""
        return self.buffers[value.buffer].row if self._axis_of(value) == axis else None

    def _layer(self, operation: Operation, kinds: tuple[type, ...]) -> Any:
        """The plain layer whose only operation this is; None if it belongs to anything else."""
        layer: Any = self.network.get_submodule(operation.module)
        names = {f"{operation.module}.{name}" if operation.module else name for name in ("weight", "bias")}
        plain = any(type(layer).forward is kind.forward for kind in kinds)  # type: ignore[attr-defined]
        weights = [name for name in operation.parameters if self.parameters[name].ndim > 1]
        return layer if plain and len(weights) == 1 and set(operation.parameters) <= names else None


def _named(operation: Operation) -> str:
    return f"{operation.name} in {operation.module}" if operation.module else operation.name


def _is_along(shape: tuple[int, ...], end: int, count: int) -> bool:
    """Whether a shape has `count` entries along an axis, counted from the end, and one along all others."""
    return -end <= len(shape) and shape[end] == count and math.prod(shape) == count
