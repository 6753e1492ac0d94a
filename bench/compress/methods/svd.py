"""Low rank by truncated singular value decomposition of weights, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    from bench.compress.low_rank.factors import Factors
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Svd(FinetuningMethod):
    """The best approximation of each weight matrix (Cout, all others) of a rank; needs no images.

    Grouped convolutions, and layers that are smaller than their factors, stay as they are.

    Args:
        rank: as a share of a layer's outputs.
    """

    rank: Annotated[float, Field(gt=0, lt=1)] = 0.5

    family = "low rank"
    title = "SVD"
    source = "denton2014exploiting"
    searched: ClassVar = {"rank": (0.75, 0.5, 0.375, 0.25)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        from torch.nn import Linear

        from bench.compress.low_rank import factors
        from bench.footprint.structure.low_rank import CONVOLUTIONS

        network = compressed.network
        ranks = factors.ranks(compressed, self.rank, factors.layers(network, (*CONVOLUTIONS, Linear)))
        smaller = factors.factorised(network, ranks, _truncated)
        history = workbench.finetune(smaller, distill=self.distill)
        step = {"kind": "low-rank", "ranks": ranks}
        return compressed.but(
            network=smaller, structure=(*compressed.structure, step), history=(*compressed.history, *history)
        )


def _truncated(name: str, layer: Any, rank: int) -> Factors:
    import torch

    from bench.compress.low_rank.factors import matrix

    left, sizes, right = torch.linalg.svd(matrix(layer), full_matrices=False)
    root = sizes[:rank].sqrt()
    bias = left.new_zeros(len(left)) if layer.bias is None else layer.bias.detach().double()
    return root[:, None] * right[:rank], left.new_zeros(rank), left[:, :rank] * root, bias
