"""What a packed network costs to run: operations and peak activation memory, at batch 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bench.footprint.activations import peak_elements
from bench.footprint.bitstrings import byte_count
from bench.footprint.packed import header_of, skeleton
from bench.footprint.trace import trace

PARAMETERS = ("weights", "biases", "normalisation")


@dataclass(frozen=True)
class Cost:
    """Of one forward pass with one image.

    Attributes:
        macs: multiply-accumulates of convolutions and matrix products, zero weights counted.
        peak_activation_bytes: feature maps alive at once, all at the method's activation width: for XNOR-Net 1 bit,
            although sums and shortcuts between its convolutions are real.
        peak_activation_elements: numbers in them.
        activation_bits: width of a feature map's number.
        parameters: numbers in weights, biases and normalisation, after folding.
        weights: those in weights alone.
        nonzero_weights: those that are not zero.
    """

    macs: int
    peak_activation_bytes: int
    peak_activation_elements: int
    activation_bits: int
    parameters: int
    weights: int
    nonzero_weights: int


def cost(packed: bytes, fresh: torch.nn.Module, shape: Sequence[int]) -> Cost:
    """What the network in a packed file costs to run.

    Simulated quantisation is left out of the graph: the deployed network computes with integers in its place.

    Args:
        fresh: the network that the compressed one started from, with any weights; it is used up.
        shape: of one image with its batch axis, (1, C, H, W).

    Raises:
        InputError: the file is no packed network, or does not belong to `fresh`.
    """
    header = header_of(packed)
    traced = trace(skeleton(header, fresh), torch.zeros(*shape))
    peak = peak_elements(traced)
    weights = [tensor for tensor in header.tensors if tensor.category == "weights"]
    count = sum(math.prod(tensor.shape) for tensor in weights)
    return Cost(
        macs=traced.macs,
        peak_activation_bytes=byte_count(peak * header.activation_bits),
        peak_activation_elements=peak,
        activation_bits=header.activation_bits,
        parameters=sum(math.prod(tensor.shape) for tensor in header.tensors if tensor.category in PARAMETERS),
        weights=count,
        nonzero_weights=count - sum(tensor.zeros for tensor in weights),
    )
