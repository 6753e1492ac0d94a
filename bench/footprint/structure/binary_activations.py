"""Layers with inputs of one bit: batch normalisation, sign, then the layer."""

from __future__ import annotations

from typing import Any

import torch

from bench.footprint.structure._modules import check_names, replace

# by kind of layer: the attribute with its number of input channels, and the normalisation of its input
NORMALISED = {
    torch.nn.Conv1d: ("in_channels", torch.nn.BatchNorm1d),
    torch.nn.Conv2d: ("in_channels", torch.nn.BatchNorm2d),
    torch.nn.Conv3d: ("in_channels", torch.nn.BatchNorm3d),
    torch.nn.Linear: ("in_features", torch.nn.BatchNorm1d),
}


class StraightThroughSign(torch.autograd.Function):
    """sign(x) with sign(0) = +1; its gradient is passed on where |x| <= 1.

    Source: Courbariaux et al., Binarized Neural Networks (2016), equation 4.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        # not torch.sign, whose third value 0 one bit cannot store
        ctx.save_for_backward(x)
        one = x.new_ones(())
        return torch.where(x >= 0, one, -one)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """The gradient within -1 to 1."""
        (x,) = ctx.saved_tensors
        return gradients[0] * (x.abs() <= 1)


class BinaryInput(torch.nn.Module):
    """A layer whose input is normalised by channel and reduced to its sign, +1 or -1.

    Source: Rastegari et al., XNOR-Net (2016), section 3.2 and figure 3.
    """

    def __init__(self, layer: Any):
        super().__init__()
        channels, normalisation = NORMALISED[type(layer)]
        self.norm = normalisation(getattr(layer, channels))
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, ...) to the layer's output for the signs."""
        return self.layer(StraightThroughSign.apply(self.norm(x)))


def apply(network: torch.nn.Module, layers: list[str]) -> torch.nn.Module:
    """Put a normalisation and a sign before each layer in `layers`, in a module with the layer as its part `layer`.

    Raises:
        ValueError: one of them is no plain convolution or linear layer.
    """
    check_names(network, layers)
    for name in layers:
        layer = network.get_submodule(name)
        if type(layer) not in NORMALISED:
            raise ValueError(f"{name} is a {type(layer).__name__}, no plain convolution or linear layer")
        network = replace(network, name, BinaryInput(layer))
    return network
