"""Batch normalisation folded into the convolution or linear layer before it, which gets a bias."""

from __future__ import annotations

from typing import Any

import torch

from bench.footprint.structure._modules import is_batchnorm, replace

FOLDABLE = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d, torch.nn.Linear)


def apply(network: torch.nn.Module, pairs: list[list[str]]) -> torch.nn.Module:
    """Give each layer a bias, and replace the batch normalisation after it by the identity.

    Args:
        pairs: [layer, batch normalisation] by name.

    Raises:
        ValueError: they are no convolution or linear layer, and no normalisation of as many channels.
    """
    for layer, normalisation in pairs:
        module: Any = network.get_submodule(layer)
        removed: Any = network.get_submodule(normalisation)
        if not isinstance(module, FOLDABLE) or not is_batchnorm(removed):
            raise ValueError(f"{normalisation} is no batch normalisation that folds into {layer}")
        if removed.running_mean.numel() != module.weight.shape[0]:
            raise ValueError(f"{normalisation} has other channels than {layer}")
        if module.bias is None:
            weight = module.weight
            module.bias = torch.nn.Parameter(weight.new_zeros(weight.shape[0]))
        network = replace(network, normalisation, torch.nn.Identity())
    return network
