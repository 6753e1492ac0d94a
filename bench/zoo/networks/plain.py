"""Networks as they are compressed and stored: without wrappers, every weight a parameter, in float32."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch._dynamo import OptimizedModule
from torch.utils._pytree import tree_leaves

from bench.errors import InputError, limit
from bench.zoo.networks.reparametrisation import baked

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
INTERNAL = set(vars(nn.Module()))  # attributes that every module has
OTHER_FLOATS = (torch.float16, torch.bfloat16, torch.float64)


def copied(network: nn.Module) -> nn.Module:
    """A deep copy, also where a module keeps a tensor computed with gradients, as hooks do that compute weights.

    Raises:
        InputError: a module keeps something that cannot be copied, such as a lock or an open file.
    """
    kept = [
        leaf for module in network.modules() for leaf in tree_leaves(_own(module)) if isinstance(leaf, torch.Tensor)
    ]
    memo: dict[int, Any] = {id(value): value.detach().clone() for value in kept if not value.is_leaf}
    try:
        return deepcopy(network, memo)
    except Exception as error:  # whatever a module keeps may refuse in any way
        if limit(error):
            raise
        where = next((name for name in _kept(network) if not _copies(network, name, memo)), "")
        because = f" because of its {where!r}" if where else ""
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{type(network).__name__} cannot be copied{because}: {reason}") from error


def _own(module: nn.Module) -> dict[str, Any]:
    """What a module keeps under names of its own, besides parameters, buffers, modules and hooks."""
    return {name: value for name, value in vars(module).items() if name not in INTERNAL}


def _kept(network: nn.Module) -> list[str]:
    return [f"{prefix}.{name}".lstrip(".") for prefix, module in network.named_modules() for name in _own(module)]


def _copies(network: nn.Module, name: str, memo: dict[int, Any]) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        deepcopy(vars(network.get_submodule(module))[attribute], dict(memo))
    except Exception:  # only asked once the whole could not be copied, to say which part cannot
        return False
    return True


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
