"""Trained sparse from the start, with weights that move to where the gradient is largest (RigL, Evci et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import pruning
from bench.compress.pruning.sparse_training import SparseTrainingMethod

if TYPE_CHECKING:
    from bench.compress.pruning.moving import Grow


@dataclass(frozen=True)
class Rigl(SparseTrainingMethod):
    """A fresh network is trained sparse; its weights move to where the loss would fall fastest.

    Args:
        sparsity, allocation, interval, share, until: see SparseTrainingMethod.
    """

    title = "RigL"
    source = "evci2020rigging"

    def growth(self, seed: int) -> Grow:
        """See SparseTrainingMethod."""
        return pruning.moving.by_gradient
