"""Peak activation memory: how much is alive at once in a network's graph, at batch 1.

Normalisation after a convolution is folded; elementwise operations (ReLU, residual addition) overwrite an input that
nobody reads any more; the inputs and the output of any other operation coexist; a buffer dies after its last reader;
views share the memory of what they view; an output that nobody reads (the indices of a max-pool) is not stored.
"""

from __future__ import annotations

import math

from bench.footprint.trace import Operation, Trace


def peak_elements(trace: Trace) -> int:
    """The most numbers that are alive at once, the network's input and output included."""
    last_read = _last_reads(trace)
    live = {buffer: trace.elements[buffer] for buffer in trace.inputs}
    peak = sum(live.values())
    for index, operation in enumerate(trace.operations):
        for value in operation.outputs:
            if value.buffer in last_read and value.buffer not in live:
                for replaced in _replaced(operation, index, last_read, live):
                    del live[replaced]
                live[value.buffer] = trace.elements[value.buffer]
        peak = max(peak, sum(live.values()))
        live = {buffer: elements for buffer, elements in live.items() if last_read.get(buffer, -1) > index}
    return peak


def _last_reads(trace: Trace) -> dict[int, int]:
    """Index of the last operation that reads each buffer; the end for the network's outputs. Others are never read."""
    reads = {value.buffer: index for index, operation in enumerate(trace.operations) for value in operation.inputs}
    return reads | dict.fromkeys(trace.outputs, len(trace.operations))


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
