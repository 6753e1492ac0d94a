"""Trained sparse from the start, with weights that move at random (SET, Mocanu et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import pruning
from bench.compress.pruning.sparse_training import SparseTrainingMethod

if TYPE_CHECKING:
    from bench.compress.pruning.moving import Grow


@dataclass(frozen=True)
class Set(SparseTrainingMethod):
    """As `rigl`, but weights grow anywhere, drawn from the cell's seed: what the gradient is worth.

    Args:
        sparsity, allocation, interval, share, until: see SparseTrainingMethod.
    """

    title = "SET"
    source = "mocanu2018scalable"

    def growth(self, seed: int) -> Grow:
        """See SparseTrainingMethod."""
        return pruning.moving.at_random(seed)
