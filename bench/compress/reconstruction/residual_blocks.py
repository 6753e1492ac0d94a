"""Modules that hold a shortcut and the layers beside it, found along the graph of a real forward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import nn

from bench.footprint.trace import Call, Operation, Trace, trace

ADDITIONS = ("add", "add_")  # as PyTorch names them, whoever calls them


def residual_blocks(network: nn.Module, example: torch.Tensor, weights: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By name of each residual block, its weights in the order of the forward pass.

    A residual block is the innermost module that has some of the weights and adds two feature maps, or another module
    of its class, as those blocks of MobileNets that change the resolution and so have no shortcut. It runs once, takes
    one tensor and puts out one, and nothing else passes in or out. The network as a whole is none.

    Args:
        example: (1, C, H, W) float32.
        weights: names.
    """
    traced = trace(network, example)
    layers = {name.rpartition(".")[0]: name for name in weights}
    inside = {call.module: _layers(traced, call, layers) for call in traced.calls}
    adding = {_innermost(traced, position, inside) for position in _additions(traced)}
    classes = {type(network.get_submodule(name)) for name in adding if name} - {nn.Sequential}
    runs = Counter(call.module for call in traced.calls)
    candidates = [
        call
        for call in traced.calls
        if (call.module in adding or type(network.get_submodule(call.module)) in classes)
        and call.module
        and inside[call.module]
        and runs[call.module] == 1
        and _closed(traced, call)
    ]
    plain = _of_one_tensor(network, example, [call.module for call in candidates])
    chosen: list[Call] = []
    for call in candidates:  # in the order in which they end: blocks within a block come before it
        if call.module in plain and not any(call.begin <= other.begin for other in chosen):
            chosen.append(call)
    return {call.module: inside[call.module] for call in chosen}


def _layers(traced: Trace, call: Call, layers: dict[str, str]) -> tuple[str, ...]:
    """The weights of layers that run while a module runs; none of a layer alone."""
    running = (other for other in traced.calls if call.begin <= other.begin and other.end <= call.end)
    return tuple(layers[other.module] for other in running if other.module in layers and other.module != call.module)


def _additions(traced: Trace) -> list[int]:
    """Of two different feature maps, as positions among the operations."""
    return [
        position
        for position, operation in enumerate(traced.operations)
        if operation.name in ADDITIONS and len(set(operation.inputs)) > 1
    ]


def _innermost(traced: Trace, position: int, inside: dict[str, tuple[str, ...]]) -> str:
    """The innermost module with weights in it that runs an operation; "" for the network."""
    running = (call.module for call in traced.calls if call.begin <= position < call.end)
    return next((name for name in running if inside[name]), "")


def _closed(traced: Trace, call: Call) -> bool:
    """Whether a module's output is a function of its input, and nothing else that it computes is read by others."""
    if call.input is None or call.output is None:
        return False
    known = {call.input.buffer}
    written: set[int] = set()
    for operation in traced.operations[call.begin : call.end]:
        if not _read((operation,)) <= known:
            return False
        written |= {value.buffer for value in operation.outputs}
        known |= written
    later = _read(traced.operations[call.end :]) | set(traced.outputs)
    return not (written - {call.output.buffer}) & later


def _read(operations: Iterable[Operation]) -> set[int]:
    return {value.buffer for operation in operations for value in operation.inputs}


@torch.no_grad()
def _of_one_tensor(network: nn.Module, example: torch.Tensor, names: list[str]) -> set[str]:
    """Those modules that take a single tensor, by position, and put out another with as many images."""
    network = deepcopy(network).eval()
    plain: set[str] = set()

    def called(name: str, _: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        tensors = all(isinstance(each, torch.Tensor) for each in (*arguments, output))
        if tensors and len(arguments) == 1 and not named and arguments[0].shape[:1] == output.shape[:1]:
            plain.add(name)

    for name in names:
        network.get_submodule(name).register_forward_hook(partial(called, name), with_kwargs=True)
    network(example)
    return plain
