"""Which channels of a network are coupled, found along its traced graph.

Axes of channels are followed through the traced graph. A convolution or linear layer begins a new axis; normalisation,
activations, pooling and depthwise convolutions keep it; an addition joins two axes. The groups of a convolution divide
its input and its output into parts. An operation that isn't known to treat every channel alike (padding of channels,
concatenation, shuffling, softmax) fixes the axes that it touches, and so do the network's own input and output. Fixed
axes are left out; the next layer begins a new one all the same.

Libraries of dependency graphs, such as Torch-Pruning, find what to remove, not what to permute. The trace that counts
feature-map memory serves both here, so that a network that can be permuted can also be thinned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from bench.compress.filters.coupled import CoupledChannels, Reader
from bench.footprint.trace import Operation, Trace, Value, trace
from bench.zoo.networks.calls import call_names

MIXING = ("softmax", "layer_norm", "group_norm")  # elementwise in memory, yet every channel depends on the others
PER_CHANNEL = (
    "_adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "amax",
    "avg_pool2d",
    "clone",
    "max_pool2d_with_indices",
    "mean",
    "reflection_pad2d",
    "replication_pad2d",
    "upsample_bilinear2d",
    "upsample_nearest2d",
)
LINEAR = ("addmm", "mm")
NOT_USED = "num_batches_tracked"


def channels(network: torch.nn.Module, example: torch.Tensor) -> tuple[CoupledChannels, ...]:
    """All groups of channels of a network that can be changed, in the order in which they are first written.

    Args:
        example: (1, C, H, W) float32.
    """
    traced = trace(network, example)
    axes = _Axes(network, traced)
    for operation in traced.operations:
        axes.follow(operation)
    return tuple(axes.free())


@dataclass
class _Axis:
    """An axis of channels, as far as it is known; joined to another once they turn out to be the same."""

    count: int
    resolution: tuple[int, ...]
    fixed: bool = False
    parts: int = 1
    same_as: _Axis | None = None
    writers: list[str] = field(default_factory=list)
    followers: list[str] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)

    def root(self) -> _Axis:
        """The axis that stands for all that were joined."""
        return self.same_as.root() if self.same_as else self


@dataclass(frozen=True)
class _Buffer:
    """Memory whose axis 1 is an axis of channels."""

    axis: _Axis
    value: Value


class _Axes:
    """The axes of a network's graph, learned operation by operation."""

    # This is a union-find over axes of channels. Each operation begins an axis (the output of a layer), hands on its
    # input's (normalisation, pooling, a depthwise convolution), or shows that two are the same (an addition) and joins
    # them with all their writers, followers and readers. An axis is found by the memory that holds the feature map, so
    # that views need few rules of their own, and by the parameter's axis, so that a layer used twice couples what it
    # reads and writes at both uses.
    #
    # `fixed` survives every join. An operation without a rule fixes all axes that it touches: a network that does
    # something unforeseen has fewer channels to change, but what is changed stays right.

    def __init__(self, network: torch.nn.Module, traced: Trace):
        self.network, self.traced = network, traced
        self.parameters = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        self.hidden = _modules_with_hidden_parameters(network, traced)
        self.buffers: dict[int, _Buffer] = {}
        self.all: list[_Axis] = []
        self.along: dict[tuple[str, int], _Axis] = {}  # by parameter, and which of its axes
        self.fixed_parameters: set[str] = set()
        for operation in traced.operations:
            for value in operation.inputs:
                if value.buffer in traced.inputs:
                    self._new(value, fixed=True)

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
                self.buffers[buffer].axis.root().fixed = True
        for (name, _), axis in self.along.items():
            if name in self.fixed_parameters:
                axis.root().fixed = True
        for axis in self.all:
            free = axis.same_as is None and not axis.fixed and axis.parts < axis.count
            if free and axis.writers and axis.readers:
                members = (tuple(axis.writers), tuple(axis.followers), tuple(axis.readers))
                yield CoupledChannels(axis.count, axis.resolution, *members, axis.parts, self._put_out_by(axis))

    def _put_out_by(self, axis: _Axis) -> tuple[str, ...]:
        """Modules whose output has the axis of channels as its axis 1; of those called more than once, the calls."""
        calls = [(call.module, call.output) for call in self.traced.calls if call.module]
        names = call_names([module for module, _ in calls])
        outputs = zip(names, (output for _, output in calls))
        return tuple(name for name, output in outputs if output is not None and self._axis_of(output) is axis)

    def _rule(self, operation: Operation) -> Callable[[Operation], bool]:
        """What an operation does to axes, as a function that returns False if it can't tell."""
        if operation.name == "convolution":
            return self._convolution
        if operation.name in LINEAR:
            return self._linear
        if operation.name in PER_CHANNEL:
            return self._per_channel
        if operation.elementwise and not any(part in operation.name for part in MIXING):
            return self._elementwise
        return lambda _: False

    def _convolution(self, operation: Operation) -> bool:
        layer = self._layer(operation, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d))
        source = self._axis_of(operation.inputs[0])
        if layer is None or len(operation.inputs) != 1:
            return False
        # depthwise: output i depends on input i alone, so the axis goes on and the filters follow the channels
        if source is not None and layer.groups == source.count == layer.out_channels > 1:
            return self._keeps(operation, source)
        return self._layer_between(operation, source or self._unknown(operation.inputs[0]), 1, layer.groups)

    def _linear(self, operation: Operation) -> bool:
        layer = self._layer(operation, (torch.nn.Linear,))
        if layer is None or len(operation.inputs) != 1:
            return False
        value = operation.inputs[0]
        source = self._axis_of(value)
        if source is not None:
            return self._layer_between(operation, source, 1)
        flattened = self._flattened(value)
        if flattened is not None:
            return self._layer_between(operation, flattened, value.shape[1] // flattened.count)
        return len(value.shape) == 2 and self._layer_between(operation, self._unknown(value), 1)

    def _per_channel(self, operation: Operation) -> bool:
        source = self._axis_of(operation.inputs[0])
        shape = operation.inputs[0].shape[:2]
        alike = all(value.shape[:2] == shape for value in operation.outputs) and not {0, 1} & set(operation.axes)
        return source is not None and alike and len(operation.inputs) == 1 and self._keeps(operation, source)

    def _elementwise(self, operation: Operation) -> bool:
        sources = [self._axis_of(value) for value in operation.inputs]
        first = sources[0]
        if first is None or any(source is None or source.count != first.count for source in sources):
            return False
        for source in sources[1:]:
            assert source is not None
            self._join(first, source)
        return self._keeps(operation, first.root())

    def _layer_between(self, operation: Operation, source: _Axis, factor: int, groups: int = 1) -> bool:
        """A layer that reads one axis and writes another."""
        weight = next(name for name in operation.parameters if self.parameters[name].ndim > 1)
        reader = Reader(weight, factor, groups)
        source = self._attach((weight, 1), source)
        _divide(source, groups)
        if reader not in source.readers:
            # no order suits a weight that reads the same channels in two ways
            source.fixed |= any(other.weight == weight for other in source.readers)
            source.readers.append(reader)
        target = self._attach((weight, 0), self._new(operation.outputs[0]))
        _divide(target, groups)
        if weight not in target.writers:
            target.writers.append(weight)
        return self._follows(operation, target, apart=weight)

    def _keeps(self, operation: Operation, axis: _Axis) -> bool:
        """An operation whose outputs have the axis of its inputs."""
        for value in operation.outputs:
            if math.prod(value.shape) and value.buffer not in self.buffers:
                if len(value.shape) < 2 or value.shape[1] != axis.count:
                    return False
                self.buffers[value.buffer] = _Buffer(axis, value)
        return self._follows(operation, axis, apart="")

    def _follows(self, operation: Operation, axis: _Axis, apart: str) -> bool:
        """Parameters with one entry per channel follow the axis; those with a single number do not matter."""
        for name in operation.parameters:
            tensor = self.parameters[name]
            if name == apart or tensor.numel() == 1:
                continue
            if tensor.shape[0] != axis.count or (tensor.ndim > 1 and operation.name != "convolution"):
                return False
            axis = self._attach((name, 0), axis)
            if name not in axis.followers:
                axis.followers.append(name)
        return True

    def _attach(self, parameter_axis: tuple[str, int], axis: _Axis) -> _Axis:
        """The axis along a parameter's axis, the same at every use."""
        return self._join(self.along.setdefault(parameter_axis, axis).root(), axis)

    def _join(self, first: _Axis, second: _Axis) -> _Axis:
        first, second = first.root(), second.root()
        if first is second:
            return first
        if first.count != second.count:
            first.fixed = second.fixed = True
            return first
        if self.all.index(second) < self.all.index(first):  # the first written stands for both: results keep its order
            first, second = second, first
        second.same_as = first
        first.fixed |= second.fixed
        _divide(first, second.parts)
        for mine, theirs in ((first.writers, second.writers), (first.followers, second.followers)):
            mine += [name for name in theirs if name not in mine]
        first.readers += [reader for reader in second.readers if reader not in first.readers]
        return first

    def _new(self, value: Value, fixed: bool = False) -> _Axis:
        axis = _Axis(value.shape[1] if len(value.shape) > 1 else 0, value.shape[2:], fixed)
        self.all.append(axis)
        self.buffers[value.buffer] = _Buffer(axis, value)
        return axis

    def _unknown(self, value: Value) -> _Axis:
        """A fixed axis, for a layer that reads memory in an unknown order; that memory's own axis is fixed too."""
        if value.buffer in self.buffers:
            self.buffers[value.buffer].axis.root().fixed = True
        axis = _Axis(value.shape[1], value.shape[2:], fixed=True)
        self.all.append(axis)
        return axis

    def _fix(self, operation: Operation) -> None:
        for value in (*operation.inputs, *operation.outputs):
            if value.buffer in self.buffers:
                self.buffers[value.buffer].axis.root().fixed = True
            else:
                self._new(value, fixed=True)
        self.fixed_parameters.update(operation.parameters)

    def _axis_of(self, value: Value) -> _Axis | None:
        """The axis of channels that is the value's axis 1; None if axis 1 is something else."""
        # a view still holds whole channels along axis 1 if that axis has the size and the stride of the buffer's own;
        # a transposition, a slice of the channels or a flattened map fails one of the two
        buffer = self.buffers.get(value.buffer)
        if buffer is None or len(value.shape) < 2:
            return None
        axis, original = buffer.axis.root(), buffer.value
        same = value.shape[1] == axis.count and value.strides[1] == original.strides[1]
        return axis if same and len(original.shape) > 1 else None

    def _flattened(self, value: Value) -> _Axis | None:
        """The axis of channels whose flattened feature maps follow one another along the value's axis 1."""
        buffer = self.buffers.get(value.buffer)
        if buffer is None or len(value.shape) != 2 or value.strides[1] != 1:
            return None
        original, axis = buffer.value, buffer.axis.root()
        complete = value.shape[0] == original.shape[0] and math.prod(value.shape) == math.prod(original.shape)
        # in memory laid out channels last, neighbours along axis 1 would be the channels of one pixel
        return axis if complete and original.strides == _contiguous(original.shape) else None

    def _layer(self, operation: Operation, kinds: tuple[type, ...]) -> Any:
        """The plain layer whose only operation this is; None if it belongs to anything else."""
        layer: Any = self.network.get_submodule(operation.module)
        names = {f"{operation.module}.{name}" if operation.module else name for name in ("weight", "bias")}
        plain = any(type(layer).forward is kind.forward for kind in kinds)  # type: ignore[attr-defined]
        weights = [name for name in operation.parameters if self.parameters[name].ndim > 1]
        return layer if plain and len(weights) == 1 and set(operation.parameters) <= names else None


def _divide(axis: _Axis, parts: int) -> None:
    """Note that channels fall into parts; two different numbers of parts fix the axis."""
    axis.fixed |= 1 < axis.parts != parts > 1
    axis.parts = max(axis.parts, parts)


def _modules_with_hidden_parameters(network: torch.nn.Module, traced: Trace) -> set[str]:
    """Modules that compute with tensors derived from their parameters, whose channels the graph doesn't show.

    E.g. frozen batch normalisation, weight normalisation.
    """
    used = {name for operation in traced.operations for name in operation.parameters}
    return {name for name, module in network.named_modules() if not used.issuperset(_own_tensors(name, module))}


def _own_tensors(name: str, module: torch.nn.Module) -> Iterable[str]:
    """Tensors of a module itself that could have one entry per channel, as the graph would name them."""
    tensors = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return [f"{name}.{key}" if name else key for key, tensor in tensors if key != NOT_USED and tensor.numel() > 1]


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
