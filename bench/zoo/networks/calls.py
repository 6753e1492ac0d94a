"""Calls of a network's modules, by name: `layer1.0.relu#2` is the second call of that module in a forward pass.

A module that is called once needs no number. One that is called more often has as many outputs, and its bare name says
none of them: it is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from bench.errors import InputError, did_you_mean

NUMBER = "#"


class NoOutput(InputError, LookupError):
    """There is no such module or call, or not one tensor that it puts out; the sentence says which."""


def parsed(network: nn.Module, name: str) -> tuple[str, int | None] | None:
    """The module, and the number of the call, from 1, None if the name has none; None if there is no such module."""
    modules = {module for module, _ in network.named_modules(remove_duplicate=False) if module}
    if name in modules:
        return name, None
    module, _, number = name.rpartition(NUMBER)
    if module in modules and number.isdecimal() and int(number) > 0:
        return module, int(number)
    return None


def checked(network: nn.Module, name: str) -> None:
    """Raise InputError if the network lacks the module, naming the nearest."""
    if parsed(network, name) is None:
        modules = (module for module, _ in network.named_modules() if module)
        hint = did_you_mean(name.rpartition(NUMBER)[0] or name, modules)
        raise InputError(f"{type(network).__name__} has no module {name!r}: {hint}")


def call_names(modules: Sequence[str]) -> list[str]:
    """The names of calls in their order: the module's, numbered where there are several.

    >>> call_names(["relu", "conv", "relu"])
    ['relu#1', 'conv', 'relu#2']
    """
    times, before = Counter(modules), Counter[str]()
    names = []
    for module in modules:
        before[module] += 1
        names.append(module if times[module] == 1 else f"{module}{NUMBER}{before[module]}")
    return names


class Calls:
    """Hears what modules are given and put out during forward passes of a network; use as a context.

    Args:
        names: of modules or of single calls.
        every: whether all calls of a module are heard where its name has no number, instead of being refused.
    """

    def __init__(self, network: nn.Module, names: Iterable[str], *, every: bool = False):
        self._network, self._every = network, every
        if isinstance(network, torch.jit.ScriptModule):
            raise NoOutput("the network is TorchScript, whose layers cannot be heard: give the module")
        calls = {name: parsed(network, name) for name in names}
        if missing := [name for name, call in calls.items() if call is None]:
            raise NoOutput(f"the network has no module {', '.join(missing)}")
        self._calls = {name: (network.get_submodule(call[0]), call[1]) for name, call in calls.items() if call}
        self._counts: Counter[nn.Module] = Counter()  # calls in this forward pass
        self._handles: list[torch.utils.hooks.RemovableHandle] = []

    def given(self, name: str, number: int, inputs: Any) -> Any:
        """Hear what a call is given, (positional, by name); what is returned instead of None goes on in its place."""

    def put_out(self, name: str, number: int, output: Any) -> Any:
        """Hear what a call puts out; what is returned instead of None goes on in its place."""

    def __enter__(self) -> Self:
        self._handles.append(self._network.register_forward_pre_hook(self._begin, prepend=True))
        for module in {module for module, _ in self._calls.values()}:
            # one pair of hooks a module, whatever the number of names that it goes by
            self._handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
            self._handles.append(module.register_forward_hook(self._after))
        self._handles.append(self._network.register_forward_hook(self._end))
        return self

    def __exit__(self, *_: object) -> None:
        while self._handles:
            self._handles.pop().remove()

    def _begin(self, *_: object) -> None:
        self._counts.clear()

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        self._counts[module] += 1
        inputs = args, kwargs
        for name in self._asked(module):
            replaced = self.given(name, self._counts[module], inputs)
            inputs = inputs if replaced is None else replaced
        return inputs

    def _after(self, module: nn.Module, _: Any, output: Any) -> Any:
        for name in self._asked(module):
            replaced = self.put_out(name, self._counts[module], output)
            output = output if replaced is None else replaced
        return output

    def _asked(self, called: nn.Module) -> list[str]:
        """The names of the call that is going on."""
        now = self._counts[called]
        return [name for name, (module, number) in self._calls.items() if module is called and number in (None, now)]

    def _end(self, *_: object) -> None:
        if self._every:
            return
        if silent := [name for name, (module, _) in self._calls.items() if not self._counts[module]]:
            raise NoOutput(f"the forward pass never calls {', '.join(silent)}")
        for name, (module, number) in self._calls.items():
            count = self._counts[module]
            if number is None and count > 1:
                one = f"name one of its calls, {name}{NUMBER}1 to {name}{NUMBER}{count}"
                raise NoOutput(f"the forward pass calls {name} {count} times, with as many outputs: {one}")
            if number is not None and number > count:
                times = "once" if count == 1 else f"{count} times"
                raise NoOutput(f"the forward pass calls {name.rpartition(NUMBER)[0]} {times}: there is no {name}")


def tensor_of(output: Any, name: str) -> torch.Tensor:
    """The one tensor that a module puts out, alone or as the only one of a tuple, list or dictionary.

    Raises:
        NoOutput: there are several, or none.
    """
    tensors = [leaf for leaf in tree_flatten(output)[0] if isinstance(leaf, torch.Tensor)]
    tensor = tensors[0] if len(tensors) == 1 else None
    if tensor is None or not tensor.ndim or tensor.is_complex() or tensor.is_nested or tensor.is_meta:
        puts_out = f"a {type(output).__name__} with {len(tensors)} tensors" if tensor is None else _described(tensor)
        raise NoOutput(f"{name} puts out {puts_out}, not one tensor of real numbers: name another module")
    if tensor.is_quantized:
        return tensor.dequantize()
    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def replaced(output: Any, tensor: torch.Tensor) -> Any:
    """What a module put out, with another tensor in place of its one."""
    leaves, structure = tree_flatten(output)
    return tree_unflatten([tensor if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], structure)


def of_images(tensor: torch.Tensor, count: int, name: str) -> torch.Tensor:
    """The tensor, if it has one row for each of so many images.

    Raises:
        NoOutput: it has another number of rows.
    """
    if len(tensor) != count:
        shape = tuple(tensor.shape)
        raise NoOutput(f"{name} puts out {shape} for {count} images, not a row for each: name another module")
    return tensor


def copy(tensor: torch.Tensor) -> torch.Tensor:
    """The values as they are now, even if later operations write over the tensor in place; gradients pass."""
    # NNCF names operations by counting them as functions: a copy must not be one more.
    with torch._C.DisableTorchFunction():
        return tensor.clone()


def _described(tensor: torch.Tensor) -> str:
    if tensor.is_nested:  # has no shape
        return "a nested tensor"
    without = " without values" if tensor.is_meta else ""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}{without}"
