"""A convolution or linear layer as two of lower rank: r filters, then combinations of their outputs."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch

from bench.footprint.structure._modules import check_names, replace

CONVOLUTIONS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)


def apply(network: torch.nn.Module, ranks: dict[str, int]) -> torch.nn.Module:
    """Replace layers by two factors, both with a bias, whose weights are zero.

    Args:
        ranks: r by layer: an ungrouped convolution, or a linear layer.

    Raises:
        ValueError: a rank is larger than the layer's, or a layer has no such factors.
    """
    check_names(network, ranks)
    for name, rank in ranks.items():
        layer = network.get_submodule(name)
        if not isinstance(rank, int) or not 1 <= rank <= full_rank(layer):
            raise ValueError(f"{name} has rank 1 to {full_rank(layer)}, not {rank}")
        network = replace(network, name, factors(layer, rank))
    return network


def full_rank(layer: Any) -> int:
    """The largest rank that the weight, as a matrix of (Cout, all others), can have.

    Raises:
        ValueError: the layer is no ungrouped convolution and no linear layer.
    """
    if not isinstance(layer, (*CONVOLUTIONS, torch.nn.Linear)) or getattr(layer, "groups", 1) != 1:
        raise ValueError("only ungrouped convolutions and linear layers have factors of low rank")
    return min(layer.weight.shape[0], layer.weight[0].numel())


def factors(layer: Any, rank: int) -> torch.nn.Sequential:
    """`reduce`: `rank` filters like the layer's; `expand`: Cout combinations of their outputs. Weights are zero."""
    if isinstance(layer, torch.nn.Linear):
        reduce = _zeros(torch.nn.Linear, layer.in_features, rank)
        expand = _zeros(torch.nn.Linear, rank, layer.out_features)
        return torch.nn.Sequential(OrderedDict(reduce=reduce, expand=expand))
    kind = next(kind for kind in CONVOLUTIONS if isinstance(layer, kind))
    window = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "padding_mode")}
    reduce = _zeros(kind, layer.in_channels, rank, layer.kernel_size, **window)
    return torch.nn.Sequential(OrderedDict(reduce=reduce, expand=_zeros(kind, rank, layer.out_channels, 1)))


def _zeros(kind: type[torch.nn.Module], *args: Any, **kwargs: Any) -> torch.nn.Module:
    """A layer of zeros; PyTorch's own initialisation would advance the global random state."""
    layer = torch.nn.utils.skip_init(kind, *args, **kwargs)
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    return layer
