"""NNCF's regularisation-based pruning: which weights survive is learned together with the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class NncfRegularization(FinetuningMethod):
    """Every weight has a stochastic gate; a penalty pulls the share of open gates to the target.

    Source: Louizos, Welling and Kingma, Learning Sparse Neural Networks through L0 Regularization (2018), as in NNCF.

    Args:
        sparsity: share of the weights to remove.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8

    version = 2  # rounds take as many steps as one training
    family = "pruning"
    title = "NNCF regularisation"
    source = "kozlov2021nncf"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.nncf_sparsity.by_regularization(
            compressed, workbench, sparsity=self.sparsity, distill=self.distill
        )
