"""Batch normalisation folded into the convolution or linear layer before it, which gets a bias."""

from __future__ import annotations

import torch

from bench.footprint.structure._modules import replace


def apply(network: torch.nn.Module, pairs: list[list[str]]) -> torch.nn.Module:
    """Give each layer a bias, and replace the batch normalisation after it by the identity.

    Args:
        pairs: [layer, batch normalisation] by name.
    """
    for layer, normalisation in pairs:
        module = network.get_submodule(layer)
        if module.bias is None:
            weight = module.weight
            module.bias = torch.nn.Parameter(weight.new_zeros(weight.shape[0]))
        network = replace(network, normalisation, torch.nn.Identity())
    return network
