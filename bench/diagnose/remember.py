"""Results that are computed once per process, because references come back with every compressed network.

The key is the network's content, not the object: the next comparison reads the same reference from its file again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Any, TypeVar

import torch
from torch import nn

KEPT = 512  # results, each of a few MB at most; the one that was not asked for longest goes first
_PLAIN = (bool, int, float, str, type(None), torch.dtype)
_RESULTS: OrderedDict[Hashable, Any] = OrderedDict()

Result = TypeVar("Result")


def once(key: Hashable, compute: Callable[[], Result]) -> Result:
    """`compute()`, or its result under the same key before; callers must not write to it."""
    if key not in _RESULTS:
        _RESULTS[key] = compute()
        if len(_RESULTS) > KEPT:
            _RESULTS.popitem(last=False)
    _RESULTS.move_to_end(key)
    return _RESULTS[key]


def forget() -> None:
    """Empty the memory."""
    _RESULTS.clear()


def fingerprint(network: nn.Module) -> str:
    """A hash of all that decides what a network computes: its modules, their settings, its weights and buffers."""
    digest = sha256()
    for name, module in network.named_modules():
        digest.update(f"{name}:{_described(module)}\n".encode())
    for tensors in (network.named_parameters(), network.named_buffers()):
        for name, tensor in tensors:
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}\n".encode())
            digest.update(_bytes(tensor))
    return digest.hexdigest()


def _described(module: nn.Module) -> str:
    kind = type(module)
    settings = ((name, _setting(value)) for name, value in sorted(vars(module).items()))
    return f"{kind.__module__}.{kind.__qualname__}({[(name, value) for name, value in settings if value]})"


def _setting(value: Any) -> str:
    """A plain setting as text; empty for anything else."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, tuple | list):
        return repr([_setting(item) for item in value])
    return str(getattr(value, "__qualname__", ""))


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
