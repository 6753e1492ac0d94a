"""Sparse training in turns: compressed phases with a mask, and decompressed ones without (AC/DC, Peste et al. 2021)."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from bench.compress.gradient_hooks import after_gradients
from bench.compress.pruning import masking
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.training.hooks import to_the_end

# Shares of the training, from the authors' configurations for 100 epochs: dense, then in turns of 5, dense, sparse.
WARM_UP, TURN, LAST_TURN, FINAL = 0.10, 0.05, 0.75, 0.85


def is_sparse(progress: float) -> bool:
    """Whether the network has a mask, at a share of the training from 0 to 1."""
    if WARM_UP <= progress < LAST_TURN:
        return int(round((progress - WARM_UP) / TURN, 9)) % 2 == 0
    return progress >= FINAL


class Alternating:
    """The masks of a training in turns, taken anew by magnitude at the start of each sparse one."""

    def __init__(self, network: torch.nn.Module, sparsity: float):
        self.network, self.sparsity = network, sparsity
        self.masks: dict[str, torch.Tensor] = {}  # empty in a dense phase

    def watching(self) -> AbstractContextManager[None]:
        """Keep the gradients of masked weights from the optimizer, so that no momentum gathers for them."""
        return after_gradients(self.network, masking.prunable(self.network), self._mask)

    @to_the_end
    def after_step(self, step: int, steps: int) -> None:
        """Keep zeros, and change phase for the coming step."""
        sparse = is_sparse(min(step + 1, steps - 1) / steps) or step + 1 >= steps
        if sparse and not self.masks:
            self.masks = masking.global_magnitude(self.network, self.sparsity)
        elif not sparse:
            self.masks = {}
        masking.apply(self.network, self.masks)

    def _mask(self, name: str, _: torch.Tensor, gradient: torch.Tensor) -> None:
        if name in self.masks:
            gradient.mul_(self.masks[name])


def trained(compressed: Compressed, workbench: Workbench, sparsity: float) -> Compressed:
    """A copy trained by the model's own recipe in turns; sparse at the end."""
    network = masking.pruned(compressed, {}).network
    alternating = Alternating(network, sparsity)
    with alternating.watching():
        history = workbench.train(network, after_step=alternating.after_step)
    if not alternating.masks:  # no step was made
        alternating.masks = masking.global_magnitude(network, sparsity)
    masking.apply(network, alternating.masks)
    return compressed.but(network=network, masks=alternating.masks, history=(*compressed.history, *history))
