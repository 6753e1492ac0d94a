"""Which channels of a network are coupled, found along its traced graph.

Axes of channels are followed through the traced graph. A convolution or linear layer begins a new axis; normalisation,
activations, pooling and depthwise convolutions keep it; an addition joins two axes; a concatenation makes a row of
several. The groups of a convolution divide its input and its output into parts. An operation that isn't known to treat
every channel alike (padding of channels, shuffling, softmax, layer normalisation) fixes the axes that it touches, and
so do the network's own input and output. Fixed axes are left out; the next layer begins a new one all the same.

Libraries of dependency graphs, such as Torch-Pruning, find what to remove, not what to permute. The trace that counts
feature-map memory serves both here, so that a network that can be permuted can also be thinned.
"""

from __future__ import annotations

import torch

from bench.compress.filters import ends
from bench.compress.filters.axes import Axes
from bench.compress.filters.coupled import CoupledChannels
from bench.footprint.trace import trace


def channels(network: torch.nn.Module, example: torch.Tensor) -> tuple[CoupledChannels, ...]:
    """All groups of channels of a network that can be changed, in the order in which they are first written.

    Args:
        example: (1, C, H, W) float32.
    """
    return tuple(_followed(network, example).free())


def fixed_by(network: torch.nn.Module, example: torch.Tensor) -> dict[str, tuple[str, ...]]:
    """Weights whose output channels cannot be changed because of what lies behind them, by a clause that says why.

    Args:
        example: (1, C, H, W) float32.
    """
    axes = _followed(network, example)
    last = ends.last_layers(network, axes.traced)  # what they write is what the network is for
    weights: dict[str, tuple[str, ...]] = {}
    for axis in axes.stuck():
        if not last.issuperset(name.rpartition(".")[0] for name in axis.writers):
            weights[axis.because] = (*weights.get(axis.because, ()), *axis.writers)
    return weights


def _followed(network: torch.nn.Module, example: torch.Tensor) -> Axes:
    traced = trace(network, example)
    axes = Axes(network, traced)
    for operation in traced.operations:
        axes.follow(operation)
    return axes
