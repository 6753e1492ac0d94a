"""Low rank by those directions of a layer's outputs whose removal changes the network's outputs least."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import low_rank
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

Rank = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class PcaHessian(FinetuningMethod):
    """`pca` with components of another matrix: vᵀHv is what the network's outputs lose when direction v is removed.

    Layers are replaced from the last to the first, and H is that of the network as it is by then. H is sampled, see
    `bench.compress.low_rank.output_hessian`: it compares the network's outputs before and after, and needs no labels.
    `pca` with `hessian` goes by the loss on labels instead.

    Args:
        loss: between outputs: "mse", mean squared difference of logits, or "kl", KL divergence both ways.
        rank: as a share of a layer's outputs.
        ranks: of layers by name; then these layers alone are replaced, linear ones too, and `rank` is not used.
        directions: how many are tried for each layer, each on one image. A layer of C outputs has C(C + 1)/2 unknowns.
        ranked: fit the order of the losses instead of the losses.
        images: number of training images on which directions are tried.
        strides: replace convolutions with a stride too.
    """

    loss: Literal["mse", "kl"] = "mse"
    rank: Annotated[float, Field(gt=0, lt=1)] = 0.5
    ranks: dict[str, Rank] = field(default_factory=dict)
    directions: Annotated[int, Field(ge=1, le=10**7)] = 4096
    ranked: bool = False
    images: Annotated[int, Field(ge=1)] = 512
    strides: bool = False

    family = "low rank"
    title = "PCA, Hessian of outputs"
    source = "zhang2016accelerating"
    version = 2
    searched: ClassVar = {"rank": (0.75, 0.5, 0.375, 0.25)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        if self.ranks:
            ranks = low_rank.factors.chosen_ranks(compressed, self.ranks)
        else:
            ranks = low_rank.factors.ranks(
                compressed, self.rank, low_rank.rounds.convolutions(compressed, strides=self.strides)
            )
        chosen = low_rank.output_hessian.DirectionSampling(self.loss, self.directions, self.images, ranked=self.ranked)
        ranks, network = low_rank.output_hessian.factorised(compressed.network, ranks, workbench, chosen)
        history = workbench.finetune(network, distill=self.distill)
        structure = (*compressed.structure, low_rank.factors.step(ranks))
        return compressed.but(network=network, structure=structure, history=(*compressed.history, *history))
