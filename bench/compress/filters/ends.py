"""The layers at the ends of a network, whose inputs or outputs are not its own to choose."""

from __future__ import annotations

from torch import nn

from bench.footprint.trace import Operation, Trace


def first_layers(network: nn.Module, traced: Trace) -> set[str]:
    """Layers that read the images' channels, perhaps through pooling or normalisation."""
    fixed, layers = set(traced.inputs), set()
    for operation in traced.operations:
        if any(value.buffer in fixed for value in operation.inputs):
            layers.add(operation.module)
            if not _mixes(network, operation):
                fixed.update(value.buffer for value in operation.outputs)
    return layers


def last_layers(network: nn.Module, traced: Trace) -> set[str]:
    """Layers that write one entry per class, perhaps before pooling or an activation."""
    fixed, layers = set(traced.outputs), set()
    for operation in reversed(traced.operations):
        if any(value.buffer in fixed for value in operation.outputs):
            layers.add(operation.module)
            if not _mixes(network, operation):
                fixed.update(value.buffer for value in operation.inputs)
    return layers


def _mixes(network: nn.Module, operation: Operation) -> bool:
    """Whether an operation mixes channels: a convolution or a matrix product with a weight."""
    return any(network.state_dict(keep_vars=True)[name].ndim > 1 for name in operation.parameters)
