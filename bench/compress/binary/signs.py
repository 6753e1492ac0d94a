"""Real weights seen as signs while they are trained: what is computed forward, and what gradient goes back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch

SMALLEST = 1e-12  # scale of a filter of zeros: as good as zero, and still one of two values


class Binarisation(torch.nn.Module, ABC):
    """A parametrisation of a weight by two values a filter; called with (Cout, ...) real weights."""

    def start(self, weight: torch.Tensor) -> None:
        """Make real weights to start from of trained ones, in place; as they are if there is nothing to do."""

    @abstractmethod
    def tidy(self, weight: torch.Tensor) -> None:
        """Put real weights in order after a step, in place."""


class Signs(Binarisation):
    """BinaryConnect: W to +1 or -1, sign(0) = +1; in training with `stochastic` to +1 with probability (W + 1) / 2.

    The gradient at the signs is W's. It is multiplied by (fan in + fan out) / 1.5, the inverse square of Glorot's
    scale, since real weights here are that much larger than usual while the signs' gradient is that much smaller.

    Source: Courbariaux et al., BinaryConnect (2015), equations 1 to 3, section 2.5 (table 1).
    """

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
        """Spread trained weights over -1 to 1, as a uniform distribution there is spread; signs stay."""
        weight.mul_(3**-0.5 / weight.square().mean().sqrt().clamp(min=SMALLEST)).clamp_(-1, 1)

    @torch.no_grad()
    def tidy(self, weight: torch.Tensor) -> None:
        """Clip real weights: beyond -1 and 1 they no longer matter."""
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
    """Binary weight networks: each filter's W to alpha·sign(W), alpha = mean |W|, sign(0) = +1.

    The gradient dL/dW = dL/dWb · (1/n + alpha · 1{|W| < 1}) of filters of n weights is multiplied by n, as the authors
    do in their published code: it is as small as the weights are, and SGD would hardly move them.

    Source: Rastegari et al., XNOR-Net (2016), equation 6 and section 3.1.
    """

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to two values a filter."""
        return _ScaledSigns.apply(weight)

    @torch.no_grad()
    def tidy(self, weight: torch.Tensor) -> None:
        """Subtract the mean over input channels, clip to -1 and 1.

        A depthwise filter reads one channel: less its mean nothing would be left, so it is clipped alone.
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
