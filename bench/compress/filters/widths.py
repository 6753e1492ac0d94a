"""Uniformly narrower networks: the same share of channels in every layer, chosen for a payload."""

from __future__ import annotations

import math
from bisect import bisect_right
from copy import deepcopy

import torch
from torch import nn

from bench.compress.filters import ends, thinning
from bench.compress.filters.axes import LINEAR
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.structure import thin_channels
from bench.footprint.trace import Trace, Value, trace

STEPS = 256  # widths that are tried: 1/256 to 256/256 of the channels


def of_size(compressed: Compressed, fraction: float) -> Compressed:
    """The widest network whose payload is at most `fraction` of the full one's, both in float32.

    Args:
        compressed: an uncompressed network with initial weights.
        fraction: 0 to 1.

    Raises:
        NotApplicable: its layers cannot all be made narrower, or not enough.
    """
    # No layer has fewer channels at a larger width, so the payload never falls, and a binary search finds the widest
    # that fits. It packs nine networks at most, which is exact whatever is folded and however tensors are stored.
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

    Weights are the first ones of the full network's, scaled to the variance with which layers of that many inputs and
    outputs begin.

    Args:
        width: 0 to 1.

    Raises:
        NotApplicable: layers do not fit together any more.
    """
    if compressed.example is None:
        raise ValueError("channels are found along the graph: give `Compressed` an `example`")
    network = deepcopy(compressed.network)
    targets = _sizes(network, trace(network, compressed.example), width)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        thin_channels.apply(network, targets)
        _check(network, compressed.network, compressed.example)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise NotApplicable(f"its layers cannot all have the same share of their channels: {reason}") from error
    for name, tensor in network.state_dict().items():
        tensor.copy_(_first(before[name], tensor.shape))
    return thinning.finished(compressed, network)


def _sizes(network: nn.Module, traced: Trace, width: float) -> thin_channels.Sizes:
    first, last, pixels = ends.first_layers(network, traced), ends.last_layers(network, traced), _pixels(traced)

    def less(count: int) -> int:
        return max(1, round(count * width))

    def of_layer(name: str, now: dict[str, int]) -> dict[str, int]:
        if "new" in now:
            # a shortcut that pads channels with zeros adds the difference of its two feature maps, both narrower now
            inputs, outputs = _around(traced, name)
            return {"new": less(outputs) - less(inputs)}
        narrow = {"out": now["out"] if name in last else less(now["out"])}
        if "in" in now:
            per_channel = pixels.get(name, 1)
            narrow["in"] = now["in"] if name in first else less(now["in"] // per_channel) * per_channel
        if "groups" in now:
            depthwise = now["groups"] == now["in"] == now["out"]
            narrow["groups"] = narrow["in"] if depthwise else now["groups"]
        return narrow

    layers = ((name, thin_channels.sizes_of(layer)) for name, layer in network.named_modules())
    return {name: of_layer(name, now) for name, now in layers if now}


def _pixels(traced: Trace) -> dict[str, int]:
    """Neighbouring inputs that belong to one channel, by linear layer: the pixels of a flattened feature map."""
    written: dict[int, Value] = {}
    pixels = {}
    for operation in traced.operations:
        for value in operation.outputs:
            written.setdefault(value.buffer, value)
        source = operation.inputs[0]
        map_ = written.get(source.buffer, source)
        if operation.name in LINEAR and len(map_.shape) > 2:
            pixels[operation.module] = math.prod(map_.shape[2:])
    return pixels


def _around(traced: Trace, module: str) -> tuple[int, int]:
    """Channels of a module's input and of its output."""
    call = next(call for call in traced.calls if call.module == module)
    assert call.input is not None and call.output is not None
    return call.input.shape[1], call.output.shape[1]


def _check(network: nn.Module, original: nn.Module, example: torch.Tensor) -> None:
    with torch.inference_mode():
        logits, expected = network(example), original(example)
    if not isinstance(expected, torch.Tensor):
        raise NotApplicable("its outputs are no tensor by whose shape a narrower network could be checked")
    if logits.shape != expected.shape:
        raise ValueError(f"it gives logits of shape {tuple(logits.shape)}, not {tuple(expected.shape)}")


def _first(tensor: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """The tensor's first entries along every axis; weights are scaled for the smaller number of inputs and outputs."""
    corner = tensor[tuple(slice(size) for size in shape)]
    # Initial weights have variance ∝ 1/fan in (He, forward) or 1/fan out (He, backward). With shares a and b of inputs
    # and outputs left, 1/√(ab) times the variance lies between the two, whichever the network used.
    return corner * (tensor.numel() / corner.numel()) ** 0.25 if tensor.ndim > 1 else corner
