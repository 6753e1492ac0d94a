"""A convolution or linear layer as two: r filters, then a combination of their outputs."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch

from bench.footprint.structure._modules import replace


def apply(network: torch.nn.Module, ranks: dict[str, int]) -> torch.nn.Module:
    """Replace layers by their two factors, both with a bias, whose weights are new.

    Args:
        ranks: r by layer: an ungrouped convolution, or a linear layer.

    Raises:
        ValueError: a rank beyond the layer's own, or a layer that has no such factors.
    """
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
    grouped = getattr(layer, "groups", 1) != 1
    if not isinstance(layer, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d, torch.nn.Linear)) or grouped:
        raise ValueError("only ungrouped convolutions and linear layers have factors of low rank")
    return min(layer.weight.shape[0], layer.weight[0].numel())


def factors(layer: Any, rank: int) -> torch.nn.Sequential:
    """`reduce`: `rank` filters like the layer's own; `expand`: Cout combinations of their outputs; freshly initialised."""
    if isinstance(layer, torch.nn.Linear):
        reduce: Any = torch.nn.Linear(layer.in_features, rank)
        expand: Any = torch.nn.Linear(rank, layer.out_features)
    else:
        kind = type(layer)
        reduce = kind(
            layer.in_channels,
            rank,
            layer.kernel_size,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            padding_mode=layer.padding_mode,
        )
        expand = kind(rank, layer.out_channels, 1)
    return torch.nn.Sequential(OrderedDict(reduce=reduce, expand=expand))
