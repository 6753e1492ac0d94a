"""The memory layout that convolutions compute fastest in, for networks that compute in it."""

# With channels last, the values of one position lie side by side, as the kernels of cuDNN and oneDNN want them. Shapes
# stay (n, C, H, W), and maps take the layout of the weights. The order of summation changes, hence the last bits: a
# network must compute in the same layout whenever it is read. Not every network can (`x.view(len(x), -1)` of a feature
# map raises), so each is tried once.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

_COMPUTE: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()  # whether with channels last, once tried


def computes_channels_last(network: nn.Module, example: torch.Tensor) -> bool:
    """Whether a network computes with channels last; tried once, in eval mode.

    Args:
        example: (b, C, H, W) float32, where the network is.
    """
    if network not in _COMPUTE:
        _COMPUTE[network] = _tried(network, example)
    return _COMPUTE[network]


@contextmanager
def channels_last(network: nn.Module) -> Iterator[None]:
    """Lay weights out channels last, so that feature maps follow; restore them at the end.

    Networks stay as they are unless `computes_channels_last` was true for them. Inside, a network must only compute:
    what is written to a weight is lost.
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
    except RuntimeError:  # from a view; any other error comes up again
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
