"""Weights on DoReFa's grid, which is symmetric and has no zero, in training."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from bench.compress.layer_order import layer_of, require_unpruned
from bench.compress.quantization import training
from bench.compress.quantization.learned import SMALLEST, Quantiser
from bench.compress.quantization.training import Make
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import OddInteger


class TanhGrid(Quantiser):
    """DoReFa: r·(2·quantise_k(tanh(W)/(2·max|tanh(W)|) + ½) - 1), in training (Zhou et al. 2016, section 2.3).

    quantise_k(x) = round((2^k - 1)·x)/(2^k - 1), passed straight through backwards; the tanh and its maximum are
    differentiated. Of one bit it is sign(W)·mean|W| of the whole tensor, sign(0) = +1.

    Args:
        weight: to start from, (Cout, ...).
        bits: k, 1 to 8.
    """

    # The published range r is 1, whatever the weights were, which only a batch normalisation makes up for. r is the
    # largest |tanh(W)| of the weights to start from, until `published_range` finds such a normalisation.

    unit: torch.Tensor

    def __init__(self, weight: torch.Tensor, bits: int):
        super().__init__()
        self.bits, self.levels = bits, 2**bits - 1
        self.register_buffer("unit", weight.detach().tanh().abs().max().clamp(min=SMALLEST) / self.levels)

    @property
    def reach(self) -> float:
        """r: the largest value of more than one bit."""
        return float(self.unit) * self.levels

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to those of the grid."""
        if self.bits == 1:
            return _MeanSigns.apply(weight)
        return (2 * self._codes(weight) - self.levels) * self.unit

    def stored(self, weight: torch.Tensor) -> OddInteger:
        """See Quantiser."""
        weight = weight.detach()
        codes, unit = (weight >= 0, _mean(weight)) if self.bits == 1 else (self._codes(weight), self.unit)
        return OddInteger(codes.to(torch.int16).cpu().numpy(), unit.cpu().numpy(), self.bits)

    def _codes(self, weight: torch.Tensor) -> torch.Tensor:
        bent = weight.tanh()
        return _Rounded.apply((bent / (2 * bent.abs().max().clamp(min=SMALLEST)) + 0.5) * self.levels)


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


class _MeanSigns(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor) -> torch.Tensor:
        mean = _mean(weight)
        return torch.where(weight >= 0, mean, -mean)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]  # the mean is taken for a constant


def _mean(weight: torch.Tensor) -> torch.Tensor:
    return weight.abs().mean().clamp(min=SMALLEST)


def layers(compressed: Compressed, bits: int, outer: Make | None) -> tuple[Compressed, dict[str, Quantiser]]:
    """A copy of the network to train, and its quantisers by weight.

    Args:
        outer: for the first and the last layer; None leaves them as they are.

    Raises:
        NotApplicable: weights have a representation already or are pruned, or none would be quantised.
    """
    quantisers = training.layers(compressed, partial(TanhGrid, bits=bits), outer)
    odd = [name for name, quantiser in quantisers.items() if isinstance(quantiser, TanhGrid)]
    require_unpruned(compressed, odd, "DoReFa's grid")
    return published_range(compressed, quantisers), quantisers


def published_range(compressed: Compressed, quantisers: Mapping[str, Quantiser]) -> Compressed:
    """Give grids the published range, -1 to 1, where a batch normalisation alone reads what the layer puts out.

    Returns:
        A copy whose running statistics are those of the larger weights, so that the network computes the same.
    """
    # A layer that puts out r times less before normalisation y = γ(Wx + b - μ)/√(σ² + ε) + β is made up for by
    # μ - b and σ² in its units: (μ - b)/r and σ²/r². Left to the running average, they would lag behind all through a
    # short training.
    steps = finish(compressed).structure[len(compressed.structure) :]
    pairs = {layer: norm for step in steps if step["kind"] == "fold-batchnorm" for layer, norm in step["pairs"]}
    network = deepcopy(compressed.network)
    for name, quantiser in quantisers.items():
        layer: Any = network.get_submodule(layer_of(name))
        norm = network.get_submodule(pairs[layer_of(name)]) if layer_of(name) in pairs else None
        if isinstance(quantiser, TanhGrid) and quantiser.bits > 1 and isinstance(norm, _BatchNorm):
            assert norm.running_mean is not None and norm.running_var is not None
            bias = 0 if layer.bias is None else layer.bias.detach()
            norm.running_mean.sub_(bias).div_(quantiser.reach).add_(bias)
            norm.running_var.div_(quantiser.reach**2)
            quantiser.unit.div_(quantiser.reach)
    return compressed.but(network=network)
