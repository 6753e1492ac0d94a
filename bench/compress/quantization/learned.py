"""Weights that are quantised in the forward pass while the real ones behind them are trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch

from bench.footprint.representation import Codebook, Integer, Representation

SMALLEST = 1e-12  # a step, for a tensor of zeros


class Quantiser(torch.nn.Module, ABC):
    """A parametrisation that gives a weight (Cout, ...) few values; straight-through in the backward pass."""

    decayed = ("original",)  # the real weight decays as others do, see `bench.training.optimizer.decaying`

    @abstractmethod
    def stored(self, weight: torch.Tensor) -> Representation:
        """What `forward` gives for the real weight, as it is stored."""


class LearnedStep(Quantiser):
    """LSQ: v̂ = s·round(clip(v/s, -2^(b-1), 2^(b-1) - 1)), with the step s trained (Esser et al. 2020, section 2).

    Args:
        weight: to start from, (Cout, ...).
        bits: 2 to 8.
        per_channel: a step for each filter, else one.
        by_spread: start as LSQ+ does, at max(|μ - 3σ|, |μ + 3σ|)/2^(b-1) of the weights (Bhalgat et al. 2020,
            section 3.2), not at 2·mean|v|/√(2^(b-1) - 1).
    """

    # The gradient to v is 1 strictly inside the range and 0 outside. That to s is round(v/s) - v/s inside, and the
    # bound outside, summed over the weights of the step and divided by √(n·(2^(b-1) - 1)), so that a step changes
    # relative to its size about as fast as weights do. PyTorch's own learnable fake quantisation tests the rounded
    # value, and so takes the half step beyond the bound for inside.

    def __init__(self, weight: torch.Tensor, bits: int, per_channel: bool, by_spread: bool = False):
        super().__init__()
        self.bits, self.lowest, self.highest = bits, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        rows = weight.detach().reshape(len(weight) if per_channel else 1, -1)
        step = _spread(rows) / -self.lowest if by_spread else 2 * rows.abs().mean(1) / self.highest**0.5
        shape = (-1, *[1] * (weight.ndim - 1)) if per_channel else (1,)
        self.step = torch.nn.Parameter(step.clamp(min=SMALLEST).view(shape))
        self.pace = (rows.shape[1] * self.highest) ** -0.5

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to those of the grid."""
        return LearnedRounding.apply(weight, self._step(), self.lowest, self.highest, self.pace)

    def stored(self, weight: torch.Tensor) -> Integer:
        """See Quantiser."""
        step = self._step().detach()
        codes = (weight.detach() / step).clamp(self.lowest, self.highest).round()
        return Integer(codes.to(torch.int16).cpu().numpy(), step.flatten().cpu().numpy(), self.bits)

    def _step(self) -> torch.Tensor:
        return self.step.abs() + SMALLEST  # training may push it below zero


def _spread(rows: torch.Tensor) -> torch.Tensor:
    """How far three standard deviations reach around each row's mean, (n, m) to (n,)."""
    deviation = rows.std(1) if rows.shape[1] > 1 else torch.zeros_like(rows[:, 0])
    return rows.mean(1).abs() + 3 * deviation  # the larger of |μ - 3σ| and |μ + 3σ|


class LearnedRounding(torch.autograd.Function):
    """LSQ's rounding of weights or inputs, with its gradients (see `LearnedStep`)."""

    @staticmethod
    def forward(
        ctx: Any, weight: torch.Tensor, step: torch.Tensor, lowest: int, highest: int, pace: float
    ) -> torch.Tensor:
        ctx.save_for_backward(weight, step)
        ctx.range, ctx.pace = (lowest, highest), pace
        return (weight / step).clamp(lowest, highest).round() * step

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None, None]:
        weight, step = ctx.saved_tensors
        lowest, highest = ctx.range
        scaled = weight / step
        inside = (scaled > lowest) & (scaled < highest)
        to_step = torch.where(inside, scaled.round() - scaled, scaled.clamp(lowest, highest))
        return gradients[0] * inside, (gradients[0] * to_step * ctx.pace).sum_to_size(step.shape), None, None, None


class Ternary(Quantiser):
    """TWN: α·sign(W) where |W| > Δ = 0.7·mean|W|, else 0, with α the mean of those |W| (Li et al. 2016, section 2).

    Args:
        per_channel: Δ and α for each filter, else for the tensor, as published.
    """

    threshold = 0.7

    def __init__(self, per_channel: bool):
        super().__init__()
        self.axes = slice(1, None) if per_channel else slice(None)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to three values."""
        signs, scale = self._ternary(weight.detach())
        return signs * scale + (weight - weight.detach())

    def stored(self, weight: torch.Tensor) -> Integer:
        """See Quantiser."""
        signs, scale = self._ternary(weight.detach())
        return Integer(signs.to(torch.int16).cpu().numpy(), scale.flatten().cpu().numpy(), 2)

    def _ternary(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        axes = tuple(range(weight.ndim))[self.axes]
        absolute = weight.abs()
        signs = weight.sign() * (absolute > self.threshold * absolute.mean(axes, keepdim=True))
        count = signs.abs().sum(axes, keepdim=True).clamp(min=1)
        return signs, (absolute * signs.abs()).sum(axes, keepdim=True) / count


class TrainedTernary(Quantiser):
    """TTQ: W⁺ above Δ = 0.05·max|W|, -W⁻ below -Δ, else 0, both scales trained (Zhu et al. 2017, section 3).

    Args:
        weight: to start from: the scales begin as the means of the weights that they stand for.
    """

    # The gradient to a scale is the sum over its weights. That to a real weight is scaled by the value that stands for
    # it, and passed on as it is where that is 0.

    threshold = 0.05

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        above, below = self._sides(weight.detach())
        self.positive = torch.nn.Parameter(_mean(weight.detach(), above))
        self.negative = torch.nn.Parameter(_mean(-weight.detach(), below))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(Cout, ...) real weights to three values."""
        return _TrainedTernary.apply(weight, self.positive, self.negative, *self._sides(weight.detach()))

    def stored(self, weight: torch.Tensor) -> Codebook:
        """See Quantiser."""
        above, below = self._sides(weight.detach())
        words = torch.stack([torch.zeros_like(self.positive), self.positive, -self.negative]).detach().flatten()
        codebook = np.append(words.cpu().numpy(), np.float32(0)).reshape(4, 1)  # a power of two; the last is not used
        codes = (above.int() + 2 * below.int()).flatten(1).cpu().numpy()
        return Codebook(codes, codebook, tuple(weight.shape))

    def _sides(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        limit = self.threshold * weight.abs().max()
        return weight > limit, weight < -limit


def _mean(weight: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return (weight * chosen).sum().div(chosen.sum().clamp(min=1)).clamp(min=SMALLEST).view(1)


class _TrainedTernary(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        weight: torch.Tensor,
        positive: torch.Tensor,
        negative: torch.Tensor,
        above: torch.Tensor,
        below: torch.Tensor,
    ) -> torch.Tensor:
        ctx.save_for_backward(positive, negative, above, below)
        return positive * above - negative * below

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, None]:
        positive, negative, above, below = ctx.saved_tensors
        gradient = gradients[0]
        to_weight = gradient * torch.where(above, positive, torch.where(below, negative, torch.ones_like(positive)))
        return to_weight, (gradient * above).sum().view(1), -(gradient * below).sum().view(1), None, None
