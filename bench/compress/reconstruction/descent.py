"""Steps of optimisers towards what a block puts out in the float network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.gradients import differentiated

Weights = Callable[[int], tuple[Sequence[torch.Tensor], torch.Tensor | float]]


@torch.no_grad()
def descend(
    block: LayerBlock,
    targets: Sequence[torch.Tensor],
    weights: Weights,
    optimizers: Sequence[torch.optim.Optimizer],
    *,
    steps: int,
    batch_size: int,
    float_share: float,
    seed: int,
    importance: torch.Tensor | None = None,
) -> None:
    """Minimise the squared error of a block's outputs, on images drawn anew in each step.

    Args:
        targets: what the block puts out in the float network in each of its calls, (n, ...).
        weights: of the layers in a step, and a penalty that is added to the error.
        optimizers: of what is learned, all of which step at once.
        batch_size: images per step.
        float_share: probability that an element of the block's input is the float network's, in each step anew, and not
            what the quantised layers before put out.
        seed: of the images in each step.
        importance: of each element of the outputs of a block that runs once, (n, ...), by which its squared error is
            multiplied.

    Raises:
        NotApplicable: the outputs have no gradient.
    """
    axis = block.channel_axis(targets[0])
    # the error of a call weighs as much as it has positions
    shares = [target.numel() / sum(each.numel() for each in targets) for target in targets]
    parameters = [each for one in optimizers for group in one.param_groups for each in group["params"]]
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        drawn = [_drawn(call, batch_size, float_share, generator) for call in block.calls]
        with torch.enable_grad():
            values, penalty = weights(step)
            errors = [
                error(block.outputs(maps, values), target[chosen], axis, _of(chosen, importance))
                for (chosen, maps), target in zip(drawn, targets, strict=True)
            ]
            missed = torch.stack([share * one for share, one in zip(shares, errors, strict=True)]).sum()
            if not missed.requires_grad:
                raise NotApplicable(f"{block.name} computes without gradients: how to round cannot be learned there")
            loss = missed + penalty
        # not backward(), which would add to the gradients of biases too
        slopes = differentiated(loss, parameters, f"rounding in {block.name or 'the network'}")
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.grad = slope
        for optimizer in optimizers:
            optimizer.step()


def _drawn(
    call: tuple[torch.Tensor, torch.Tensor], batch_size: int, float_share: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which images of a call, and their inputs, each element of them from one of the two networks."""
    inputs, original = call
    chosen = torch.randperm(len(inputs), generator=generator)[:batch_size].to(inputs.device)
    if float_share in (0.0, 1.0):
        return chosen, (original if float_share else inputs)[chosen]
    return chosen, mixed(inputs[chosen], original[chosen], float_share, generator)


def _of(chosen: torch.Tensor, importance: torch.Tensor | None) -> torch.Tensor | None:
    return None if importance is None else importance[chosen]


def mixed(rounded: torch.Tensor, floats: torch.Tensor, float_share: float, generator: torch.Generator) -> torch.Tensor:
    """Each element from `floats` with a probability, else from `rounded` (QDrop, Wei et al. 2022)."""
    kept = torch.rand(rounded.shape, generator=generator).to(rounded.device) < float_share
    return torch.where(kept, floats, rounded)


def error(found: torch.Tensor, target: torch.Tensor, axis: int, importance: torch.Tensor | None = None) -> torch.Tensor:
    """Squared error of outputs, summed over their channels, mean over images and positions.

    Args:
        axis: of the channels.
        importance: of each output; 1 for all if None.
    """
    # the regulariser's weight means something else beside a mean over channels
    squared = (found - target).square()
    return (squared if importance is None else squared * importance).sum(axis).mean()
