"""Sparse training: masks that move while the network trains, its density the same throughout."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch

from bench.compress.gradient_hooks import after_gradients
from bench.compress.pruning import allocation, masking
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.training.hooks import to_the_end

GROWTH = 2**31  # apart from the seeds of masks
FEW = 3  # moves: with fewer, masks hardly differ from those to start from
log = logging.getLogger(__name__)
Grow = Callable[[str, torch.Tensor], torch.Tensor]  # name of a weight, its dense gradient -> what to grow by


def random_masks(network: torch.nn.Module, sparsity: float, rule: str, seed: int) -> dict[str, torch.Tensor]:
    """Masks drawn at random, with as many survivors in each layer as a rule allots to it.

    Args:
        rule: erk, uniform or uniform+.
    """
    weights = masking.prunable(network)
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    count = allocation.survivors(sparsity, sum(weight.numel() for weight in weights.values()))
    generator = torch.Generator().manual_seed(seed)
    scores = {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}
    masks = allocation.best_of_each(scores, allocation.by_rule(rule, shapes, count))
    return {name: mask.to(weights[name].device) for name, mask in masks.items()}


def by_gradient(name: str, gradient: torch.Tensor) -> torch.Tensor:
    """RigL: where the loss would fall fastest (Evci et al. 2020, section 3)."""
    return gradient.abs()


def at_random(seed: int) -> Grow:
    """SET: anywhere (Mocanu et al. 2018)."""
    # from another stream than the masks to start from, which would be drawn again
    generator = torch.Generator().manual_seed(seed + GROWTH)
    return lambda name, gradient: torch.rand(gradient.shape, generator=generator).to(gradient.device)


def moved(mask: torch.Tensor, weight: torch.Tensor, growth: torch.Tensor, share: float) -> torch.Tensor:
    """The mask without its smallest weights, and with as many others.

    Args:
        mask, weight, growth: of one shape; the largest of `growth` among all that were not kept come in.
        share: of the survivors to drop.
    """
    # What was just dropped may come back, as in the authors' code: a weight that is small now may be needed most.
    survivors = int(mask.sum())
    dropped = int(survivors * share)
    kept = _largest(weight.abs().masked_fill(~mask, -1), survivors - dropped)
    return kept | _largest(growth.masked_fill(kept, -1), dropped)


def _largest(scores: torch.Tensor, count: int) -> torch.Tensor:
    chosen = scores.flatten().argsort(descending=True, stable=True)[:count]
    mask = torch.zeros(scores.numel(), dtype=torch.bool, device=scores.device)
    mask[chosen] = True
    return mask.reshape(scores.shape)


class MovingMasks:
    """Masks of a training, moved every so many steps.

    Args:
        masks: to start from.
        interval: steps between two moves.
        share: of a layer's survivors that would move at the beginning; it falls to 0 as half a cosine.
        until: share of the training after which masks stay.
    """

    def __init__(self, masks: Mapping[str, torch.Tensor], grow: Grow, *, interval: int, share: float, until: float):
        self.masks, self.grow = dict(masks), grow
        self.interval, self.share, self.until = interval, share, until
        self.moving = 0.0  # share that moves in the coming step; 0 for none
        self.before: dict[str, torch.Tensor] = {}  # parameters, as they were before a step in which masks moved

    def watching(self, network: torch.nn.Module) -> AbstractContextManager[None]:
        """Have the gradients of the weights: dense ones, where masks move, and those of survivors for the optimizer."""
        return after_gradients(network, [name for name, _ in network.named_parameters()], self._move)

    def after_step(self, network: torch.nn.Module) -> Callable[[int, int], None]:
        """A hook that keeps zeros, and says whether masks move in the next step."""

        @to_the_end
        def hook(step: int, steps: int) -> None:
            with torch.no_grad():
                for name, values in self.before.items():
                    network.get_parameter(name).copy_(values)
            self.before.clear()
            masking.apply(network, self.masks)
            coming, last = step + 1, self.until * steps
            if step == 0 and (moves := math.ceil(last / self.interval) - 1) < FEW:
                log.warning("masks move %d times in %d steps: ask for a shorter interval", max(moves, 0), steps)
            due = coming % self.interval == 0 and coming < last
            self.moving = self.share / 2 * (1 + math.cos(math.pi * coming / last)) if due else 0.0

        return hook

    def _move(self, name: str, parameter: torch.Tensor, gradient: torch.Tensor) -> None:
        # Pruned weights are zeros and not left out of the forward pass, so that their gradients are those of the loss.
        # The optimizer sees none: momentum would gather. A step in which masks move is none of the optimizer's, as in
        # the paper: momentum and decay move weights without gradients too, so that all are put back behind it.
        if self.moving:
            self.before[name] = parameter.detach().clone()
            if name in self.masks:
                growth = self.grow(name, gradient)
                self.masks[name] = moved(self.masks[name], parameter.detach(), growth, self.moving)
            gradient.zero_()
        elif name in self.masks:
            gradient.mul_(self.masks[name])


def trained(compressed: Compressed, workbench: Workbench, moving: MovingMasks) -> Compressed:
    """A copy trained by the model's own recipe with masks that move.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    sparse = masking.pruned(compressed, moving.masks)
    with moving.watching(sparse.network):
        history = workbench.train(sparse.network, after_step=moving.after_step(sparse.network))
    masking.apply(sparse.network, moving.masks)
    return sparse.but(masks=moving.masks, history=(*sparse.history, *history))
