"""The activation function that directly follows a layer, found along the graph of a real forward pass."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import nn

from bench.footprint.trace import Call, Trace, trace

Function = Callable[[torch.Tensor], torch.Tensor]

MODULES = (
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.LeakyReLU,
    nn.ReLU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Tanh,
)
RELU = ("relu", "relu_")  # as PyTorch names the operation, whoever calls it


def unchanged(maps: torch.Tensor) -> torch.Tensor:
    """No function at all."""
    return maps


def following(network: nn.Module, example: torch.Tensor) -> dict[str, Function]:
    """By name of each module that a forward pass calls once, the function that alone reads its output.

    Modules that are followed by something else, such as an addition, are left out.

    Args:
        example: (1, C, H, W) float32.
    """
    traced = trace(network, example)
    functions = {call.module: _function(network, traced, call) for call in traced.calls}
    return {name: function for name, function in functions.items() if function is not None}


def _function(network: nn.Module, traced: Trace, call: Call) -> Function | None:
    if call.output is None:
        return None
    buffer = call.output.buffer
    # what a module does to its output before it returns it, as blocks do in place, is its own affair
    later = traced.operations[call.end :]
    reading = [operation for operation in later if buffer in {value.buffer for value in operation.inputs}]
    if not reading or not reading[0].elementwise or len(reading[0].inputs) != 1:
        return None
    first = reading[0]
    in_place = buffer in {value.buffer for value in first.outputs}  # whoever reads later reads the function's values
    if not in_place and (len(reading) > 1 or buffer in traced.outputs):
        return None
    if first.name in RELU:
        return torch.relu
    module = network.get_submodule(first.module)
    if not isinstance(module, MODULES):
        return None
    module = deepcopy(module)
    if hasattr(module, "inplace"):
        module.inplace = False
    return module
