"""Batch normalisation as it computes at inference: a scale and a shift per channel, two numbers instead of four."""

from __future__ import annotations

from typing import Any

import torch

from bench.footprint.structure._modules import is_batchnorm, replace


class Affine(torch.nn.Module):
    """y = weight·x + bias, channel by channel (axis 1)."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(channels))
        self.bias = torch.nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, ...) to (n, C, ...)."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        return torch.addcmul(self.bias.view(shape), x, self.weight.view(shape))

    def extra_repr(self) -> str:
        """Channels."""
        return str(self.weight.numel())


def apply(network: torch.nn.Module, names: list[str]) -> torch.nn.Module:
    """Replace each batch normalisation in `names` by an `Affine`.

    Raises:
        ValueError: one of them is none, or has no statistics.
    """
    for name in names:
        normalisation: Any = network.get_submodule(name)
        if not is_batchnorm(normalisation):
            raise ValueError(f"{name} is no batch normalisation")
        network = replace(network, name, Affine(normalisation.running_mean.numel()))
    return network
