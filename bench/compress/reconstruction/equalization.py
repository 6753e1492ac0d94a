"""Ranges of channels made equal across neighbouring layers, and means of outputs restored (Nagel et al. 2019)."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.inputs import groups, outputs
from bench.compress.reconstruction.layer import Layer
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Float, Integer
from bench.footprint.structure import rebuild
from bench.footprint.trace import Operation, Trace, Value, trace

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
MULTIPLIED = ("convolution", "addmm", "mm")  # as PyTorch names what a layer does
# f(s·x) = s·f(x) for every s > 0, channel by channel
HOMOGENEOUS = ("relu", "leaky_relu", "max_pool2d_with_indices", "avg_pool2d", "_adaptive_avg_pool2d", "mean", "clone")
BOUNDED = "hardtanh"  # what a ReLU6 is to PyTorch


@dataclass(frozen=True)
class LayerPair:
    """Two layers, of which the second alone reads the first.

    Attributes:
        first, second: names of the layers.
        bounded: names of the ReLU6 between them.
    """

    first: str
    second: str
    bounded: tuple[str, ...] = ()


def equalized(compressed: Compressed, *, sweeps: int, replace: bool) -> Compressed:
    """Fold batch normalisation and give each pair of layers equal ranges, channel by channel.

    The network computes the same up to rounding (relative 1e-6), but for what a replaced ReLU6 would have cut.

    Args:
        compressed: with an example.
        sweeps: over all pairs, since a layer belongs to two; at 0 nothing changes.
        replace: ReLU6 by ReLU, else pairs with a ReLU6 between are left out.

    Raises:
        NotApplicable: there is no such pair.
    """
    folded = finish(compressed)
    assert folded.example is not None
    network = deepcopy(folded.network)
    chosen = [pair for pair in pairs(network, folded.example) if replace or not pair.bounded]
    chosen = [pair for pair in chosen if _is_float32(folded, pair.first) and _is_float32(folded, pair.second)]
    if not chosen:
        raise NotApplicable("no layer of it reads another one through ReLU alone")
    names = list(dict.fromkeys(name for pair in chosen for name in pair.bounded))
    steps = [{"kind": "unbounded-relu", "names": names}] if names else []
    with torch.no_grad():
        precise = deepcopy(network).double()  # so that all sweeps together cost one rounding
        for _ in range(sweeps):
            for pair in chosen:
                equalize(precise.get_submodule(pair.first), precise.get_submodule(pair.second))
        for name, parameter in network.named_parameters():
            parameter.copy_(precise.get_parameter(name))
    return folded.but(network=rebuild(network, steps), structure=(*folded.structure, *steps))


def equalize(first: Any, second: Any) -> None:
    """Scale the outputs of one layer and the inputs of the next against each other, in place."""
    # With r1 the range of an output channel and r2 that of the weights that read it, s = √(r1·r2) / r2 gives both the
    # range √(r1·r2): W1 / s, b1 / s and W2·s. On one grid for a tensor a channel's relative precision is its range
    # over the tensor's, and the product of both layers' is greatest then. A channel without weights is left alone.
    weight = first.weight.double()
    read = _by_input(second, second.weight.double(), len(weight))
    ranges = weight.flatten(1).abs().amax(1), read.abs().amax((1, 3)).flatten()
    scale = (ranges[0] * ranges[1]).sqrt() / ranges[1]
    scale = torch.where((ranges[0] > 0) & (ranges[1] > 0), scale, torch.ones_like(scale))
    first.weight.copy_(weight / scale.view(-1, *[1] * (weight.ndim - 1)))
    if first.bias is not None:
        first.bias.copy_(first.bias.double() / scale)
    second.weight.copy_((read * scale.view(len(read), 1, -1, 1)).reshape(second.weight.shape))


def _by_input(layer: Any, weight: torch.Tensor, channels: int) -> torch.Tensor:
    """(groups, Cout / groups, channels / groups, weights per channel)."""
    return weight.reshape(groups(layer), weight.shape[0] // groups(layer), channels // groups(layer), -1)


@torch.no_grad()
def corrected(layer: Layer, *, fixed: Collection[str] = ()) -> Integer:
    """The layer's weight rounded to nearest; its bias makes up, in place, for the mean that its outputs lose.

    Args:
        fixed: biases that stay, by name.
    """
    # E[Ŵx̂] - E[Wx] over images and positions: rounding errors of a layer have a mean, by which every output is off
    module, integer = layer.module, layer.rounding.nearest
    if module.bias is not None and layer.name.removesuffix("weight") + "bias" not in fixed:
        weight = torch.from_numpy(integer.decode()).to(module.weight)
        found = _means(module, [outputs(module, inputs, weight) for inputs, _ in layer.calls])
        wanted = _means(module, [outputs(module, original, module.weight) for _, original in layer.calls])
        module.bias.copy_(module.bias.double() - found + wanted)
    return integer


def _means(module: nn.Module, calls: list[torch.Tensor]) -> torch.Tensor:
    """By channel, (Cout,) float64, over what a layer puts out in all of its calls."""
    channels = -1 if isinstance(module, nn.Linear) else 1
    return torch.cat([maps.movedim(channels, 0).flatten(1).double() for maps in calls], 1).mean(1)


def pairs(network: nn.Module, example: torch.Tensor) -> list[LayerPair]:
    """All pairs of layers between which there is nothing but ReLU, its like and pooling, in the order of a pass."""
    traced = trace(network, example)
    layers = _layers(network, traced)
    found = []
    for name, operation in layers.items():
        pair = _next(network, traced, name, operation, layers)
        if pair is not None:
            found.append(pair)
    return found


def _layers(network: nn.Module, traced: Trace) -> dict[str, Operation]:
    """What each plain layer does that runs once and shares its weight with none."""
    uses: dict[str, int] = {}
    for operation in traced.operations:
        for name in operation.parameters:
            uses[name] = uses.get(name, 0) + 1
    layers = {}
    for operation in traced.operations:
        name = operation.module
        module = network.get_submodule(name)
        plain = any(type(module).forward is kind.forward for kind in LAYERS)
        own = {f"{name}.weight", f"{name}.bias"}
        alone = all(uses[parameter] == 1 for parameter in operation.parameters)
        used = set(operation.parameters)
        if operation.name in MULTIPLIED and plain and alone and own >= used >= {f"{name}.weight"}:
            layers[name] = operation
    return layers


def _next(
    network: nn.Module, traced: Trace, name: str, operation: Operation, layers: dict[str, Operation]
) -> LayerPair | None:
    """The pair that a layer begins; None if anything else reads it."""
    value = operation.outputs[0]
    bounded: list[str] = []
    position = traced.operations.index(operation)
    count = value.shape[1]
    while value.buffer not in traced.outputs:
        readers = [
            index
            for index, each in enumerate(traced.operations)
            if index > position and value.buffer in {read.buffer for read in each.inputs}
        ]
        if not readers:
            return None
        position, reader = readers[0], traced.operations[readers[0]]
        in_place = value.buffer in {written.buffer for written in reader.outputs}
        if len(reader.inputs) != 1 or (len(readers) > 1 and not in_place):
            return None
        if layers.get(reader.module) is reader:
            whole = _holds_channels(reader.inputs[0], value, count)
            return LayerPair(name, reader.module, tuple(bounded)) if whole else None
        kind = reader.name.rstrip("_")
        if kind == BOUNDED and isinstance(network.get_submodule(reader.module), nn.ReLU6):
            bounded.append(reader.module)
        elif kind not in HOMOGENEOUS or {0, 1} & set(reader.axes):
            return None
        value = reader.outputs[0]
        if len(value.shape) < 2 or value.shape[1] != count:
            return None
    return None


def _holds_channels(read: Value, written: Value, count: int) -> bool:
    """Whether axis 1 of what is read has the channels that were written, each one or several neighbours."""
    if read.shape[1] == count:
        return read.strides[1] == written.strides[1]
    spaced = written.strides[1] * count == written.strides[0]  # whole channels follow one another in memory
    return len(read.shape) == 2 and read.shape[1] == written.strides[0] and read.strides[1] == 1 and spaced


def _is_float32(compressed: Compressed, layer: str) -> bool:
    stored = [compressed.representations.get(f"{layer}.{name}") for name in ("weight", "bias")]
    return all(
        representation is None or (isinstance(representation, Float) and representation.type == "float32")
        for representation in stored
    )
