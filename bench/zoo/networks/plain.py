"""Networks as they are compressed and stored: without wrappers, every weight a parameter, in float32."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch._dynamo import OptimizedModule

from bench.errors import InputError
from bench.zoo.networks.reparametrisation import baked

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
OTHER_FLOATS = (torch.float16, torch.bfloat16, torch.float64)


def copied(network: nn.Module) -> nn.Module:
    """A deep copy, also where a module keeps a tensor computed with gradients, as hooks do that compute weights."""
    kept = [value for module in network.modules() for value in vars(module).values() if isinstance(value, torch.Tensor)]
    memo: dict[int, Any] = {id(value): value.detach().clone() for value in kept if not value.is_leaf}
    return deepcopy(network, memo)


def plain(network: nn.Module) -> nn.Module:
    """The network inside its wrappers, in float32, with computed weights baked in; changed in place.

    Raises:
        InputError: it cannot be had as modules with weights.
    """
    return baked(unwrapped(network))


def unwrapped(network: nn.Module) -> nn.Module:
    """The network inside DataParallel and `torch.compile`, in float32; changed in place.

    Raises:
        InputError: it is TorchScript, is lazy, or has tensors without values.
    """
    while isinstance(network, (*WRAPPERS, OptimizedModule)):
        network = network._orig_mod if isinstance(network, OptimizedModule) else network.module
    kind = type(network).__name__
    scripted = [name for name, module in network.named_modules() if isinstance(module, torch.jit.ScriptModule)]
    if scripted:
        raise InputError(f"{scripted[0] or kind} is TorchScript, whose layers cannot be changed: give the module")
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    if any(nn.parameter.is_lazy(tensor) for tensor in tensors.values()):
        raise InputError(f"{kind} has lazy layers without shapes: pass an image through it first")
    if empty := [name for name, tensor in tensors.items() if tensor.is_meta]:
        raise InputError(f"{empty[0]} is on the meta device and has no values: load weights first")
    # Images are float32, and so is what a packed file holds; a method decides the width of weights.
    return network.float() if any(tensor.dtype in OTHER_FLOATS for tensor in tensors.values()) else network


def not_finite(network: nn.Module) -> str | None:
    """The name of the first parameter that holds NaN or infinite numbers, or buffer that holds NaN."""
    # a mask of attention is a buffer of zeros and -∞
    parameters = (name for name, tensor in network.named_parameters() if not bool(torch.isfinite(tensor).all()))
    buffers = (name for name, tensor in network.named_buffers() if bool(torch.isnan(tensor).any()))
    return next(parameters, next(buffers, None))
