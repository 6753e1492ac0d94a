"""A network with the same share of channels left in every layer, and the share that gives it a size."""

from __future__ import annotations

import math
from bisect import bisect_right
from copy import deepcopy

import torch
from torch import nn

from bench.compress.filters import thinning
from bench.compress.filters.channels import LINEAR
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.structure import thin_channels
from bench.footprint.trace import Operation, Trace, Value, trace

STEPS = 256  # widths that are tried: 1/256 to 256/256 of the channels


def of_size(compressed: Compressed, fraction: float) -> Compressed:
    """The widest network whose payload is at most `fraction` of the given one's, both in float32.

    Args:
        compressed: an uncompressed network with initial weights.
        fraction: 0 to 1.

    Raises:
        NotApplicable: its layers cannot all be made narrower, or not enough.
    """
    limit = fraction * payload(compressed)
    narrow = bisect_right(range(1, STEPS + 1), limit, key=lambda step: payload(scaled(compressed, step / STEPS)))
    if not narrow:
        least = payload(scaled(compressed, 1 / STEPS))
        raise NotApplicable(f"with one channel a layer it still takes {least:,} bytes, and at most {limit:,.0f} fit")
    return scaled(compressed, narrow / STEPS)


def payload(compressed: Compressed) -> int:
    """Payload bytes of the packed file."""
    return sizes(pack(finish(compressed), {"name": "sized"})).payload_bytes


def scaled(compressed: Compressed, width: float) -> Compressed:
    """A copy with round(width · channels) channels, at least one, wherever neither images nor classes fix them.

    Weights are the first ones of the given network's, scaled to keep the variance that layers of their number of inputs
    and outputs begin with.

    Args:
        width: 0 to 1.

    Raises:
        NotApplicable: layers do not fit together any more.
    """
    if compressed.example is None:
        raise ValueError("channels are found along the graph: give `Compressed` an `example`")
    network = deepcopy(compressed.network)
    wanted = _sizes(network, trace(network, compressed.example), width)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        thin_channels.apply(network, wanted)
        _check(network, compressed.network, compressed.example)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise NotApplicable(f"its layers cannot all have the same share of their channels: {reason}") from error
    for name, tensor in network.state_dict().items():
        tensor.copy_(_first(before[name], tensor.shape))
    return thinning.finished(compressed, network)


def _sizes(network: nn.Module, traced: Trace, width: float) -> thin_channels.Sizes:
    first, last, pixels = _first_layers(network, traced), _last_layers(network, traced), _pixels(traced)

    def less(count: int) -> int:
        return max(1, round(count * width))

    def of_layer(name: str, now: dict[str, int]) -> dict[str, int]:
        if "new" in now:
            inputs, outputs = _around(traced, name)
            return {"new": less(outputs) - less(inputs)}
        wanted = {"out": now["out"] if name in last else less(now["out"])}
        if "in" in now:
            each = pixels.get(name, 1)
            wanted["in"] = now["in"] if name in first else less(now["in"] // each) * each
        if "groups" in now:
            depthwise = now["groups"] == now["in"] == now["out"]
            wanted["groups"] = wanted["in"] if depthwise else now["groups"]
        return wanted

    layers = ((name, thin_channels.sizes_of(layer)) for name, layer in network.named_modules())
    return {name: of_layer(name, now) for name, now in layers if now}


def _first_layers(network: nn.Module, traced: Trace) -> set[str]:
    """Layers that read the images' channels."""
    fixed, found = set(traced.inputs), set()
    for operation in traced.operations:
        if any(value.buffer in fixed for value in operation.inputs):
            found.add(operation.module)
            if not _mixes(network, operation):
                fixed.update(value.buffer for value in operation.outputs)
    return found


def _last_layers(network: nn.Module, traced: Trace) -> set[str]:
    """Layers that write an entry a class."""
    fixed, found = set(traced.outputs), set()
    for operation in reversed(traced.operations):
        if any(value.buffer in fixed for value in operation.outputs):
            found.add(operation.module)
            if not _mixes(network, operation):
                fixed.update(value.buffer for value in operation.inputs)
    return found


def _mixes(network: nn.Module, operation: Operation) -> bool:
    """Whether it makes channels out of others: a convolution or a matrix product."""
    return any(network.state_dict(keep_vars=True)[name].ndim > 1 for name in operation.parameters)


def _pixels(traced: Trace) -> dict[str, int]:
    """By linear layer, its neighbouring inputs that belong to one channel: the pixels of a flattened feature map."""
    written: dict[int, Value] = {}
    found = {}
    for operation in traced.operations:
        for value in operation.outputs:
            written.setdefault(value.buffer, value)
        source = operation.inputs[0]
        map_ = written.get(source.buffer, source)
        if operation.name in LINEAR and len(map_.shape) > 2:
            found[operation.module] = math.prod(map_.shape[2:])
    return found


def _around(traced: Trace, module: str) -> tuple[int, int]:
    """Channels of what a module is given and of what it returns."""
    call = next(call for call in traced.calls if call.module == module)
    assert call.input is not None and call.output is not None
    return call.input.shape[1], call.output.shape[1]


def _check(network: nn.Module, original: nn.Module, example: torch.Tensor) -> None:
    with torch.inference_mode():
        found, expected = network(example), original(example)
    if found.shape != expected.shape:
        raise ValueError(f"it gives logits of shape {tuple(found.shape)}, not {tuple(expected.shape)}")


def _first(tensor: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """The tensor's first entries along every axis; weights grow by the root of the mean of both fans' shares."""
    kept = tensor[tuple(slice(size) for size in shape)]
    return kept * (tensor.numel() / kept.numel()) ** 0.25 if tensor.ndim > 1 else kept
