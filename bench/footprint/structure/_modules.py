"""Modules of a network by name."""

from __future__ import annotations

import torch


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
