"""A network as a file, and what it takes to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a network costs.

    Attributes:
        payload_bytes: of the packed file, what papers count: weights, scales, codes, biases.
        file_bytes: of the whole packed file.
        peak_activation_bytes: feature maps alive at once, for one image.
        macs: multiply-accumulates, for one image.
        parameters: numbers in weights and biases, batch norms folded.
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


def footprint(network: nn.Module, image: torch.Tensor) -> Footprint:
    """What does a network take as a packed file, and to run?

    The file is really written, batch norms folded, every tensor in its smallest exact layout: weights that are zero are
    not paid for. Quantisation in float arithmetic is not seen; the methods of `bench/compress` store integers.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4))
    >>> found = footprint(network, torch.zeros(1, 3, 8, 8))
    >>> found.parameters, found.payload_bytes, found.macs
    (1380, 5520, 8928)

    Args:
        image: (1, C, H, W), of the shape that the network is used with.

    Raises:
        InputError: the image is not one, or the network cannot be packed or traced.
    """
    from copy import deepcopy

    from bench.footprint.compressed import Compressed
    from bench.footprint.cost import cost
    from bench.footprint.fold import finish
    from bench.footprint.packed import pack, sizes

    if image.ndim != 4 or len(image) != 1:
        raise InputError(f"footprint: expected one image (1, C, H, W), not {tuple(image.shape)}")
    own = deepcopy(network).cpu().eval()
    packed = pack(finish(Compressed(own, example=image.cpu())), {"name": type(network).__name__})
    size, found = sizes(packed), cost(packed, deepcopy(own), image.shape)
    return Footprint(
        payload_bytes=size.payload_bytes,
        file_bytes=size.file_bytes,
        peak_activation_bytes=found.peak_activation_bytes,
        macs=found.macs,
        parameters=found.parameters,
        nonzero_weights=found.nonzero_weights,
        layers={layer.name: layer.payload_bytes for layer in size.layers},
    )
