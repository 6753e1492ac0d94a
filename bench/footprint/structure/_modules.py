"""Modules of a network by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.modules.batchnorm import _BatchNorm


def replace(network: torch.nn.Module, name: str, module: torch.nn.Module) -> torch.nn.Module:
    """`network` with another module at `name`, in the mode and on the device of the old one.

    Args:
        name: of the module; "" is the network itself.

    Raises:
        AttributeError: there is no module of that name.
    """
    old = network.get_submodule(name)
    module.train(old.training)
    like = next((tensor for tensor in (*old.parameters(), *old.buffers()) if tensor.is_floating_point()), None)
    if like is not None:
        module.to(device=like.device, dtype=like.dtype)
    if not name:
        return module
    parent, _, child = name.rpartition(".")
    network.get_submodule(parent).register_module(child, module)
    return network


def is_batchnorm(module: torch.nn.Module) -> bool:
    """PyTorch's own with statistics, or torchvision's frozen one; no subclass that computes something else.

    Nor one of that name which keeps its ε to itself, as DETR's does: what it computes is not known.
    """
    forwards = (_BatchNorm.forward, torch.nn.SyncBatchNorm.forward)  # the latter's statistics meet in training alone
    frozen = type(module).__name__ == "FrozenBatchNorm2d" and isinstance(getattr(module, "eps", None), float | int)
    return (type(module).forward in forwards or frozen) and isinstance(
        getattr(module, "running_mean", None), torch.Tensor
    )


def check_names(network: torch.nn.Module, names: Iterable[str]) -> None:
    """Refuse names of modules that a step would only make itself: each naming a part of the last, they grow for ever.

    Raises:
        ValueError: there is no module of a name yet, or it is given twice.
    """
    listed = list(names)
    present = {name for name, _ in network.named_modules(remove_duplicate=False)}
    if strange := next((name for name in listed if name not in present), None):
        raise ValueError(f"the network has no module {strange!r}")
    if len(set(listed)) != len(listed):
        raise ValueError("a module is named twice")
