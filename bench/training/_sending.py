"""A network as bytes for another process, also one whose weights are computed from others when they are read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

GradientHook = Callable[[torch.Tensor], torch.Tensor | None]


@dataclass
class Computed:
    """A tensor of a module that parametrisations compute.

    Attributes:
        parametrizations: the modules that compute it, in order.
        originals: what they compute it from, by name.
        hooks: of the originals' gradients, by name, which a tensor leaves behind when it is sent.
    """

    parametrizations: list[nn.Module]
    originals: dict[str, torch.Tensor]
    hooks: dict[str, list[GradientHook]]


def to_bytes(content: object) -> bytes:
    """Like `pickle.dumps`, with parametrised modules too."""
    stream = io.BytesIO()
    _Pickler(stream).dump(content)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    # PyTorch gives a parametrised module a class of its own, made for this one object, and refuses to pickle it. What
    # is sent instead is the module without them, and what `register_parametrization` was told.
    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, nn.Module) or not parametrize.is_parametrized(value):
            return NotImplemented
        lists: Any = value.parametrizations
        computed = {name: _computed(lists[name]) for name in lists}
        plain = {name: module for name, module in value._modules.items() if name != "parametrizations"}
        state = {**vars(value), "_modules": plain}
        return _rebuilt, (type(value).__bases__[0], state, computed)


def _computed(stored: Any) -> Computed:
    names = [name for name, _ in stored.named_parameters(recurse=False)]
    names += [name for name, _ in stored.named_buffers(recurse=False)]
    originals = {name: getattr(stored, name) for name in names}
    hooks = {name: [*(tensor._backward_hooks or {}).values()] for name, tensor in originals.items()}
    return Computed(list(stored), originals, hooks)


def _rebuilt(kind: type[nn.Module], state: dict[str, Any], computed: Mapping[str, Computed]) -> nn.Module:
    module = kind.__new__(kind)
    vars(module).update(state)
    for name, tensor in computed.items():
        _register(module, name, tensor)
    return module


def _register(module: nn.Module, name: str, tensor: Computed) -> None:
    # PyTorch wants a plain tensor there first, which is gone in the end: the originals are those that were sent.
    example = next(iter(tensor.originals.values())).detach()
    if any(isinstance(original, nn.Parameter) for original in tensor.originals.values()):
        module.register_parameter(name, nn.Parameter(example.clone()))
    else:
        module.register_buffer(name, example.clone())
    for parametrization in tensor.parametrizations:
        parametrize.register_parametrization(module, name, parametrization, unsafe=True)
    lists: Any = module.parametrizations
    for original, value in tensor.originals.items():
        setattr(lists[name], original, value)
        for hook in tensor.hooks[original]:
            value.register_hook(hook)
