"""NNCF's magnitude pruning, with training of the surviving weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class NncfMagnitude(FinetuningMethod):
    """Unlike `magnitude-finetune`, it measures a weight by its share of its layer's L2 norm.

    Args:
        sparsity: share of the weights to remove, to within one weight per layer.
        scope: "global" ranks the weights of all layers together, "local" removes the share from each layer.
        gradual: raise the sparsity exponentially over the first half of the training, else at once.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    scope: Literal["global", "local"] = "global"
    gradual: bool = False

    version = 2  # a gradual schedule begins with training
    family = "pruning"
    title = "NNCF magnitude"
    source = "kozlov2021nncf"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.nncf_sparsity.by_magnitude(
            compressed,
            workbench,
            sparsity=self.sparsity,
            scope=self.scope,
            gradual=self.gradual,
            distill=self.distill,
        )
