"""The memory layout that convolutions compute fastest in, for networks that compute in it.

Not all do: `x.view(len(x), -1)` of a feature map needs the usual layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

_COMPUTE: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()  # channels last, as far as it was tried


def computes_channels_last(network: nn.Module, example: torch.Tensor) -> bool:
    """Whether a network computes with channels last, which is tried once, in eval mode.

    Args:
        example: (b, C, H, W) float32, where the network is.
    """
    if network not in _COMPUTE:
        _COMPUTE[network] = _tried(network, example)
    return _COMPUTE[network]


@contextmanager
def channels_last(network: nn.Module) -> Iterator[None]:
    """Weights lie channels last, which makes feature maps do so and is faster on CPUs too; afterwards as before.

    For networks that `computes_channels_last` has found to compute so, others stay as they are; and for those that only
    compute: what is written to a weight inside is lost.
    """
    with _laid_out(network) if _COMPUTE.get(network, False) else nullcontext():
        yield


def _tried(network: nn.Module, example: torch.Tensor) -> bool:
    if any(isinstance(weight, UninitializedParameter) for weight in network.parameters()):
        return False
    modes = [(module, module.training) for module in network.modules()]
    try:
        with _laid_out(network.eval()), torch.no_grad():
            network(example)
    except RuntimeError:  # of a view; whatever else it is will come up again
        return False
    finally:
        for module, mode in modes:
            module.training = mode
    return True


@contextmanager
def _laid_out(network: nn.Module) -> Iterator[None]:
    before = [(weight, weight.data) for weight in network.parameters() if weight.ndim == 4]
    try:
        for weight, data in before:
            weight.data = data.to(memory_format=torch.channels_last)
        yield
    finally:
        for weight, data in before:
            weight.data = data
