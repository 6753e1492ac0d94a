"""A network's size as a file, and what it costs to run."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

from bench.api._checks import is_network, takes
from bench.errors import InputError, limits
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.zoo.networks.plain import copied, not_finite, plain


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a network costs.

    Attributes:
        payload_bytes: of the packed file, what papers count: weights, scales, codes, biases.
        file_bytes: of the whole packed file.
        peak_activation_bytes: feature maps alive at once, for one image.
        macs: multiply-accumulates, for one image.
        macs_unknown: operations that `macs` lacks, because nobody knows how to count them.
        parameters: numbers in weights and biases after folding batch norms.
        nonzero_weights: weights that are not zero.
        layers: payload bytes by stored tensor.
    """

    payload_bytes: int
    file_bytes: int
    peak_activation_bytes: int
    macs: int
    parameters: int
    nonzero_weights: int
    layers: Mapping[str, int]
    macs_unknown: tuple[str, ...] = ()


@limits("footprint")
def footprint(network: nn.Module, image: torch.Tensor) -> Footprint:
    """What does a network take as a packed file, and to run?

    The file is really written, with batch norms folded and every tensor in its smallest exact layout, so that zero
    weights cost next to nothing. Quantisation that is simulated in float arithmetic does not count; the methods of
    `bench/compress` store integers. Numbers are float32, whatever the network's type; masks and norms that compute
    weights are baked in first.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4))
    >>> cost = footprint(network, torch.zeros(1, 3, 8, 8))
    >>> cost.parameters, cost.payload_bytes, cost.macs
    (1380, 5520, 8928)

    Args:
        image: (1, C, H, W), of the shape that the network is used with.

    Raises:
        InputError: `image` is not a single image, or the network cannot be packed or traced.
    """
    is_network(network)
    if not isinstance(image, torch.Tensor):
        raise InputError(f"footprint: expected one image, a tensor (1, C, H, W), not {type(image).__name__}")
    if image.ndim != 4 or len(image) != 1:
        raise InputError(f"footprint: expected one image (1, C, H, W), not {tuple(image.shape)}")
    # Batch norms are folded before packing, as the benchmark's methods do it: a file holds what inference needs. The
    # example is what the graph is traced with to find which normalisation follows which layer. The cost is read from
    # the packed file and not from the network, so that it belongs to what was written; it rebuilds the network from an
    # untouched copy, which tracing uses up.
    on_cpu = plain(copied(network)).cpu().eval()
    takes(on_cpu, image.cpu().float())
    if name := not_finite(on_cpu):
        raise InputError(f"footprint: {name} holds NaN or infinite numbers")
    packed = pack(finish(Compressed(on_cpu, example=image.cpu().float())), {"name": type(network).__name__})
    size, running = sizes(packed), cost(packed, deepcopy(on_cpu), image.shape)
    return Footprint(
        payload_bytes=size.payload_bytes,
        file_bytes=size.file_bytes,
        peak_activation_bytes=running.peak_activation_bytes,
        macs=running.macs,
        parameters=running.parameters,
        nonzero_weights=running.nonzero_weights,
        layers={layer.name: layer.payload_bytes for layer in size.layers},
        macs_unknown=running.macs_unknown,
    )
