"""Global magnitude pruning in one shot, without retraining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Magnitude(Method):
    """The smallest weights of all convolutions and linear layers together become zero.

    Args:
        sparsity: share of those weights to remove.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    family = "pruning"
    title = "Magnitude"
    source = "han2015learning"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.masking.pruned(compressed, pruning.masking.global_magnitude(compressed.network, self.sparsity))
