"""Whether each weight is rounded up or down, learned from what a layer or a block puts out (Nagel et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.descent import descend
from bench.compress.reconstruction.input_steps import InputSteps
from bench.compress.reconstruction.layer import Layer
from bench.footprint.representation import Integer

STRETCH = (-0.1, 1.1)  # ζ and γ: the sigmoid reaches beyond 0 and 1 and is cut there, so that both have a gradient
BETA = (20.0, 2.0)  # of the regulariser, at its start and its end


@dataclass(frozen=True)
class RoundingSchedule:
    """How rounding is learned; see `adaround` for the fields."""

    steps: int
    batch_size: int
    learning_rate: float
    regularization: float
    warmup: float

    def strength(self, step: int) -> float:
        """Of the regulariser: none during the warm-up."""
        return 0.0 if step < self.warmup * self.steps else self.regularization

    def beta(self, step: int) -> float:
        """Exponent of the regulariser, which falls linearly after the warm-up."""
        start, end = BETA
        begun = self.warmup * self.steps
        done = (step - begun) / max(self.steps - begun, 1)
        return end + (start - end) * (1 - min(max(done, 0.0), 1.0))


@torch.no_grad()
def fitted(layer: Layer, *, schedule: RoundingSchedule, asymmetric: bool, seed: int) -> Integer:
    """The integers of a layer's weight.

    Args:
        asymmetric: learn from what the quantised layers before put out, else from the float network's inputs; outputs
            are to be those of the float network either way.
        seed: of the images in each step.
    """
    block = LayerBlock.of(layer)
    return fitted_together(block, schedule=schedule, float_share=0.0 if asymmetric else 1.0, seed=seed)[layer.name]


@torch.no_grad()
def fitted_together(
    block: LayerBlock,
    *,
    schedule: RoundingSchedule,
    float_share: float,
    seed: int,
    importance: torch.Tensor | None = None,
    inputs: InputSteps | None = None,
) -> dict[str, Integer]:
    """The integers of a block's weights, by name; see `learned`."""
    shares = learned(block, schedule=schedule, float_share=float_share, seed=seed, importance=importance, inputs=inputs)
    integers: dict[str, Integer] = {}
    for layer, share in zip(block.layers, shares, strict=True):
        grid = layer.rounding
        # whatever is still undecided is decided now, so that the weight lies on the grid
        up = share >= 0.5
        steps = ((layer.weight / grid.scale).floor() + up).maximum(grid.lowest).minimum(grid.highest)
        integers[layer.name] = grid.stored(
            steps if layer.mask is None else steps * layer.mask.to(steps).reshape(steps.shape)
        )
    return integers


@torch.no_grad()
def learned(
    block: LayerBlock,
    *,
    schedule: RoundingSchedule,
    float_share: float,
    seed: int,
    importance: torch.Tensor | None = None,
    inputs: InputSteps | None = None,
) -> list[torch.Tensor]:
    """By what share of a step each weight is to be rounded up, (groups, Cout / groups, columns) from 0 to 1 per layer.

    Outputs are to be those of the float network, whatever comes in.

    Args:
        float_share, seed, importance: see `descend`.
        inputs: what layers read is rounded, by steps that are learned at the same time; numbers within the block are
            left as they are with the probability `float_share` too.
    """
    # Ŵ = s · clip(⌊W/s⌋ + h(V), n, p), and V minimises ‖f(Wx) - f(Ŵx̂)‖² + λ Σ (1 - |2h - 1|^β). A large β only
    # pushes what is near 0 or 1; as it falls, the push reaches the middle, where the error has had its say by then.
    targets = block.targets()
    soft = [_SoftWeight(layer) for layer in block.layers]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Adam([weight.shares for weight in soft], lr=schedule.learning_rate)
    ]
    if inputs is not None:
        inputs.attach(block, float_share, seed)
        optimizers.append(inputs.optimizer(block))

    def weights(step: int) -> tuple[list[torch.Tensor], torch.Tensor | float]:
        if inputs is not None:
            inputs.slow_down(optimizers[1], step)
        ups = [rectified(weight.shares) for weight in soft]
        strength, beta = schedule.strength(step), schedule.beta(step)
        penalty = strength * sum(undecided(up, beta) for up in ups) if strength else 0.0
        return [weight(up) for weight, up in zip(soft, ups, strict=True)], penalty

    descend(
        block,
        targets,
        weights,
        optimizers,
        steps=schedule.steps,
        batch_size=schedule.batch_size,
        float_share=float_share,
        seed=seed,
        importance=importance,
    )
    if inputs is not None:
        inputs.settle(block)
    return [rectified(weight.shares.detach()) for weight in soft]


class _SoftWeight:
    """A layer's weight between the integers, by the V of each of its numbers."""

    def __init__(self, layer: Layer):
        grid, scaled = layer.rounding, layer.weight / layer.rounding.scale
        bounds = (grid.lowest, grid.highest, grid.scale, scaled.floor())
        self.low, self.high, self.scale, self.below = (tensor.float() for tensor in bounds)
        mask = layer.mask
        self.kept = torch.ones_like(self.below) if mask is None else mask.to(self.below).reshape(self.below.shape)
        self.shape = layer.module.weight.shape
        self.shares = initial(scaled - scaled.floor()).float().requires_grad_(True)

    def __call__(self, up: torch.Tensor) -> torch.Tensor:
        """The weight, of the layer's shape, if each number is rounded up by a share `up` of a step."""
        steps = (self.below + up).maximum(self.low).minimum(self.high)
        return (self.scale * steps * self.kept).reshape(self.shape)


def rectified(shares: torch.Tensor) -> torch.Tensor:
    """h(V) = clip(1.2 · sigmoid(V) - 0.1, 0, 1), the share of a step by which a weight is rounded up."""
    low, high = STRETCH
    return (torch.sigmoid(shares) * (high - low) + low).clamp(0, 1)


def initial(shares: torch.Tensor) -> torch.Tensor:
    """V with h(V) = shares, each at least 0 and less than 1: learning begins at the float weight."""
    low, high = STRETCH
    return -torch.log((high - low) / (shares - low) - 1)


def undecided(up: torch.Tensor, beta: float) -> torch.Tensor:
    """Σ (1 - |2h - 1|^β): zero where every h is 0 or 1, and its only minimum."""
    return (1 - (2 * up - 1).abs().pow(beta)).sum()
