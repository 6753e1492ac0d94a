"""Low rank by truncated singular value decomposition of weights, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import low_rank
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Svd(FinetuningMethod):
    """Each weight matrix (Cout, all others) becomes its best approximation of a given rank; needs no images.

    Grouped convolutions, and layers that are smaller than their factors, stay as they are.

    Args:
        rank: as a share of a layer's outputs.
    """

    rank: Annotated[float, Field(gt=0, lt=1)] = 0.5

    version = 2  # vectors of the Gram matrix, not of the weight itself
    family = "low rank"
    title = "SVD"
    source = "denton2014exploiting"
    searched: ClassVar = {"rank": (0.75, 0.5, 0.375, 0.25)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        ranks = low_rank.factors.ranks(compressed, self.rank, low_rank.factors.layers(compressed.network, linear=True))
        network = low_rank.factors.factorised(compressed.network, ranks, low_rank.factors.truncated_svd)
        history = workbench.finetune(network, distill=self.distill)
        structure = (*compressed.structure, low_rank.factors.step(ranks))
        return compressed.but(network=network, structure=structure, history=(*compressed.history, *history))
