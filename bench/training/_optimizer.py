"""Stochastic gradient descent as the recipe says, weight decay where it belongs."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from bench.training.recipe import Recipe


def make_optimizer(
    network: nn.Module, recipe: Recipe, parameters: Iterable[nn.Parameter] | None = None
) -> torch.optim.SGD:
    """SGD with Nesterov momentum; its learning rate is set at every step.

    Args:
        parameters: only these are trained; default all that require a gradient.
    """
    trained = [p for p in (network.parameters() if parameters is None else parameters) if p.requires_grad]
    decayed = {id(parameter) for parameter in decaying(network)}
    groups = [
        {"params": [p for p in trained if id(p) in decayed], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if id(p) not in decayed], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        foreach=True,  # not fused: that is silently wrong where a method gave a weight another memory layout
    )


def decaying(network: nn.Module) -> list[nn.Parameter]:
    """Weights of convolutions and linear layers; no bias, batch norm, scale of a quantiser or codebook."""
    layers = (module for module in network.modules() if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)))
    return [parameter for layer in layers for parameter in layer.parameters(recurse=False) if parameter.ndim > 1]
