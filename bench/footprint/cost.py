"""What a packed network costs to run: operations and peak activation memory, at batch 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bench.footprint.bitstrings import byte_count
from bench.footprint.packed import header_of, skeleton
from bench.footprint.trace import Operation, Trace, trace

PARAMETERS = ("weights", "biases", "normalisation")


@dataclass(frozen=True)
class Cost:
    """Cost of one forward pass with one image.

    Attributes:
        macs: multiply-accumulates of convolutions, matrix products and recurrent layers, zero weights counted.
        peak_activation_bytes: feature maps alive at once, all at the method's activation width: that of most layers'
            inputs, for XNOR-Net 1 bit, although sums and shortcuts between its convolutions are real.
        peak_activation_elements: how many numbers these are.
        activation_bits: width of each of these numbers.
        parameters: number of weights, biases and numbers of normalisation, after folding.
        weights: number of weights alone.
        nonzero_weights: number of weights that are not zero.
        macs_unknown: operations whose multiply-accumulates nobody knows how to count, so that `macs` lacks them.
    """

    macs: int
    peak_activation_bytes: int
    peak_activation_elements: int
    activation_bits: int
    parameters: int
    weights: int
    nonzero_weights: int
    macs_unknown: tuple[str, ...] = ()


def cost(packed: bytes, fresh: torch.nn.Module, shape: Sequence[int]) -> Cost:
    """What the network in a packed file costs to run.

    Simulated quantisation is left out of the graph, because a deployed network computes with integers instead.

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
        macs_unknown=traced.macs_unknown,
    )


def peak_elements(traced: Trace) -> int:
    """The most numbers alive at once in a network's graph at batch 1, its input and output included.

    A buffer lives until its last reader. An elementwise operation (ReLU, residual addition) overwrites an input that
    nobody reads any more; the inputs and the outputs of any other operation coexist. An eager run holds more than that,
    so its measured memory must not be compared with this.
    """
    # A sweep over the operations in order. `live` maps each buffer that holds something still needed to its size.
    # 1. The operation's outputs come to life beside its inputs. An output that nobody ever reads (the indices of a
    #    max-pool) is never stored, and a view adds nothing, because it names the buffer that it views.
    # 2. An elementwise output takes the memory of an input that dies here, so that input goes before the output comes;
    #    for any other operation all inputs still count at the peak.
    # 3. After the operation, buffers whose last reader it was die. The network's outputs have the end as last reader.
    # A shortcut is alive until its addition, which makes ResNet-20's peak three feature maps (49,152 numbers), not two.
    last_read = _last_reads(traced)
    live = {buffer: traced.elements[buffer] for buffer in traced.inputs}
    peak = sum(live.values())
    for index, operation in enumerate(traced.operations):
        for value in operation.outputs:
            if value.buffer in last_read and value.buffer not in live:
                for replaced in _replaced(operation, index, last_read, live):
                    del live[replaced]
                live[value.buffer] = traced.elements[value.buffer]
        peak = max(peak, sum(live.values()))
        live = {buffer: elements for buffer, elements in live.items() if last_read.get(buffer, -1) > index}
    return peak


def _last_reads(traced: Trace) -> dict[int, int]:
    """Index of the last operation that reads each buffer; the end for the network's outputs. Others are never read."""
    reads = {value.buffer: index for index, operation in enumerate(traced.operations) for value in operation.inputs}
    return reads | dict.fromkeys(traced.outputs, len(traced.operations))


def _replaced(operation: Operation, index: int, last_read: dict[int, int], live: dict[int, int]) -> list[int]:
    """The input whose memory the output of an elementwise operation takes: one that dies here, laid out alike."""
    if not operation.elementwise:
        return []
    shape, strides = operation.outputs[0].shape, operation.outputs[0].strides
    return [
        value.buffer
        for value in operation.inputs
        if (value.shape, value.strides) == (shape, strides)
        and last_read[value.buffer] == index
        and live[value.buffer] == math.prod(shape)
    ][:1]
