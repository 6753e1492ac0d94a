"""Tensors between modules, read while a network computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bench.zoo.networks.blocks import ACTIVATIONS
from bench.zoo.networks.calls import NUMBER, Calls, copy, parsed, replaced, tensor_of
from bench.zoo.networks.channels import channels_first


class Taps(Calls):
    """Outputs or inputs of modules during the latest forward pass; use as a context.

    Tensors are kept as the module gave them, with their graph, so that gradients reach them: what is written over them
    later changes them no more.

    Args:
        names: by label, the name of a module, or of one of its calls (see `bench.zoo.networks.calls`).
        inputs: labels whose module's input is kept instead of its output.

    Attributes:
        seen: by label, the tensor of the latest forward pass.
    """

    def __init__(self, network: nn.Module, names: Mapping[str, str], inputs: Iterable[str] = ()):
        super().__init__(network, names.values())
        self.seen: dict[str, torch.Tensor] = {}
        inputs = frozenset(inputs)
        self._of_inputs, self._of_outputs = _labels(names, inputs), _labels(names, names.keys() - inputs)

    def given(self, name: str, number: int, inputs: Any) -> Any:
        """See Calls."""
        if name not in self._of_inputs:
            return None
        args, kwargs = inputs
        tensor, passed = _kept(args[0] if args else next(iter(kwargs.values())), name)
        self.seen |= dict.fromkeys(self._of_inputs[name], tensor)
        return ((passed, *args[1:]), kwargs) if args else ((), {**kwargs, next(iter(kwargs)): passed})

    def put_out(self, name: str, number: int, output: Any) -> Any:
        """See Calls."""
        if name not in self._of_outputs:
            return None
        tensor, passed = _kept(output, name)
        self.seen |= dict.fromkeys(self._of_outputs[name], tensor)
        return passed


def _labels(names: Mapping[str, str], chosen: Iterable[str]) -> dict[str, list[str]]:
    """The labels of each name."""
    labels: dict[str, list[str]] = {}
    for label in chosen:
        labels.setdefault(names[label], []).append(label)
    return labels


# A later operation in place would write over a tensor that is kept. Without gradients a copy is kept and the tensor
# goes on, so that the network computes what it always does; with them the tensor is kept and the copy goes on, because
# gradients must pass through what is kept.
def _kept(value: Any, name: str) -> tuple[torch.Tensor, Any]:
    """The tensor to keep of a module's input or output, and what goes on in its place."""
    tensor = tensor_of(value, name)
    if not tensor.requires_grad:
        return copy(tensor), value
    return tensor, replaced(value, copy(tensor))


def before_rectifier(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, str]:
    """By layer, the name of the rectifier whose output is the layer's; the layer itself if there is no such module.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    # A block ends in a rectifier if both put out the very same tensor, with the same values: in between, something may
    # have been added in place. Identity of tensors needs neither names nor a traced graph; it fails, and the layer
    # itself is given, where the rectifier is a function.
    rectifiers = [name for name, module in network.named_modules() if isinstance(module, ACTIVATIONS)]
    rectified, blocks = Passed(network, rectifiers), Passed(network, layers)
    with torch.no_grad(), Calls(network, layers), rectified, blocks:
        network(images)
    return {layer: rectified.call_with(blocks.outputs[layer][-1]) or layer for layer in layers}


@dataclass(frozen=True, eq=False)
class PassedTensor:
    """A tensor that went from one module to the next, and what it held then."""

    tensor: torch.Tensor
    values: torch.Tensor

    def is_same(self, other: PassedTensor) -> bool:
        """Whether it is the very same tensor, with nothing written to it in between."""
        return self.tensor is other.tensor and torch.equal(self.values, other.values)


class Passed(Calls):
    """All tensors that modules are given and put out in one forward pass without gradients; use as a context.

    Attributes:
        inputs, outputs: by name, of each call, in the order of the first one.
    """

    def __init__(self, network: nn.Module, names: Iterable[str]):
        super().__init__(network, names, every=True)
        self.inputs: dict[str, list[PassedTensor]] = {}
        self.outputs: dict[str, list[PassedTensor]] = {}

    def given(self, name: str, number: int, inputs: Any) -> None:
        """See Calls."""
        args, kwargs = inputs
        _note(self.inputs, name, args[0] if args else next(iter(kwargs.values())))

    def put_out(self, name: str, number: int, output: Any) -> None:
        """See Calls."""
        _note(self.outputs, name, output)

    def call_with(self, output: PassedTensor) -> str:
        """The name of the call that put out this tensor; empty if there is none."""
        for name, calls in self.outputs.items():
            for number, other in enumerate(calls, start=1):
                if other.is_same(output):
                    return name if len(calls) == 1 else f"{name}{NUMBER}{number}"
        return ""


def _note(passed: dict[str, list[PassedTensor]], name: str, value: Any) -> None:
    tensor = tensor_of(value, name)
    passed.setdefault(name, []).append(PassedTensor(tensor, copy(tensor)))


class Units:
    """Channels of layers before their rectifier, tapped during forward passes; use as a context.

    Behind a ReLU a silent unit has no gradient, and ascent would not move.

    Attributes:
        rectified: layers whose rectifier is not a module, so that their units are tapped behind it.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str], example: torch.Tensor):
        tapped = before_rectifier(network, layers, example)
        inputs = [layer for layer, name in tapped.items() if _is_rectifier(network, name)]
        self.rectified = [layer for layer, name in tapped.items() if name == layer and layer not in inputs]
        self._taps, self._tapped, self._network = Taps(network, tapped, inputs), tapped, network

    @property
    def seen(self) -> dict[str, torch.Tensor]:
        """By layer, (n, C, h, w) or (n, d), of the latest forward pass."""
        seen = self._taps.seen.items()
        return {layer: channels_first(self._network, self._tapped[layer], units) for layer, units in seen}

    def __enter__(self) -> Units:
        self._taps.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._taps.__exit__()


def _is_rectifier(network: nn.Module, name: str) -> bool:
    call = parsed(network, name)
    return call is not None and isinstance(network.get_submodule(call[0]), ACTIVATIONS)
