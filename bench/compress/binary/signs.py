"""Binary weights in training: their values in the forward pass, and the gradients of the real weights behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch

SMALLEST = 1e-12  # scale of a filter of zeros: as good as zero, and still two different values


class Binarisation(torch.nn.Module, ABC):
    """A parametrisation that gives a weight two values per filter; called with (Cout, ...) real weights."""

    def start(self, weight: torch.Tensor) -> None:
        """Prepare trained weights as the real weights to start from, in place."""

    @abstractmethod
    def tidy(self, weight: torch.Tensor) -> None:
        """Keep real weights in range after a step, in place."""


class Signs(Binarisation):
    """BinaryConnect: +1 where W ≥ 0, else -1; if `stochastic`, in training +1 with probability (W + 1) / 2.

    Source: Courbariaux et al., BinaryConnect (2015), equations 1 to 3, section 2.5 (table 1).
    """

    # The gradient with respect to the signs is passed on to W as it is (straight-through), times `pace`: (fan in + fan
    # out) / 1.5, the inverse square of Glorot's scale, by which the paper multiplies the learning rate of SGD. Weights
    # of ±1 are larger than usual ones by the inverse of that scale. Their gradients are smaller by it, and their steps
    # must be larger by it, to change the network as much. sign(0) must be +1: torch.sign gives 0, a third value, which
    # one bit cannot store.

    def __init__(self, weight: torch.Tensor, stochastic: bool):
        super().__init__()
        self.stochastic = stochastic
        self.pace = (weight[0].numel() + weight.numel() / weight.shape[1]) / 1.5

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to signs."""
        threshold = torch.rand_like(weight) * 2 - 1 if self.stochastic and self.training else torch.zeros_like(weight)
        return _Signs.apply(weight, threshold, self.pace)

    @torch.no_grad()
    def start(self, weight: torch.Tensor) -> None:
        """Scale trained weights to the spread of a uniform distribution over -1 to 1; signs stay."""
        # 3^-½ is that distribution's standard deviation
        weight.mul_(3**-0.5 / weight.square().mean().sqrt().clamp(min=SMALLEST)).clamp_(-1, 1)

    @torch.no_grad()
    def tidy(self, weight: torch.Tensor) -> None:
        """Clip real weights to -1 and 1: further out they change no sign, and would take longer to come back."""
        weight.clamp_(-1, 1)


class _Signs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, threshold: torch.Tensor, pace: float) -> torch.Tensor:
        ctx.pace = pace
        one = weight.new_ones(())
        return torch.where(weight >= threshold, one, -one)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return gradients[0] * ctx.pace, None, None


class ScaledSigns(Binarisation):
    """Binary weight networks: each filter's W becomes alpha·sign(W), with alpha = mean |W| and sign(0) = +1.

    Source: Rastegari et al., XNOR-Net (2016), equation 6 and section 3.1.
    """

    # Of all filters with two values ±a, alpha·sign(W) is the closest to W in squared error: the best signs B are those
    # of W, and the best a is then WᵀB/n = mean |W|. The gradient for filters of n weights is dL/dW = dL/dWb · (1/n +
    # alpha · 1{|W| < 1}), the first term from alpha, the second straight through the sign. As in the authors' code it
    # is multiplied by n: both terms are as small as the weights are, and SGD would hardly move them. Their further
    # factor of 1 - 1/Cin is left out.

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to two values per filter."""
        return _ScaledSigns.apply(weight)

    @torch.no_grad()
    def tidy(self, weight: torch.Tensor) -> None:
        """Subtract the mean over input channels, clip to -1 and 1.

        A depthwise filter reads one channel, and nothing would remain without its mean, so it is only clipped.
        """
        if weight.shape[1] > 1:
            weight.sub_(weight.mean(1, keepdim=True))
        weight.clamp_(-1, 1)


class _ScaledSigns(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor) -> torch.Tensor:
        alpha = weight.abs().mean(tuple(range(1, weight.ndim)), keepdim=True).clamp(min=SMALLEST)
        ctx.save_for_backward(weight, alpha)
        return torch.where(weight >= 0, alpha, -alpha)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        weight, alpha = ctx.saved_tensors
        return gradients[0] * (1 + weight[0].numel() * alpha * (weight.abs() < 1))
