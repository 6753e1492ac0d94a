"""Low rank by principal components of a convolution's outputs, in one go or a little a round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.low_rank.factors import Factors
    from bench.compress.low_rank.output_statistics import Moments
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Pca(FinetuningMethod):
    """Each convolution becomes r filters, the leading components of its outputs before normalisation, and a 1×1 one.

    Layers are replaced from last to first, so that statistics of each are those of the network as it was. Convolutions
    with a stride, grouped ones, and those that are smaller than their factors stay as they are.

    Args:
        rank: as a share of a convolution's outputs.
        hessian: directions by what removing them adds to the loss, instead of by their variance.
        rounds: in which the rank falls by an equal factor each, with an equal share of the fine-tuning after each.
        images: of the training set, whose outputs are examined.
        strides: replace convolutions with a stride too.
    """

    rank: Annotated[float, Field(gt=0, lt=1)] = 0.5
    hessian: bool = False
    rounds: Annotated[int, Field(ge=1)] = 1
    images: Annotated[int, Field(ge=1)] = 512
    strides: bool = False

    family = "low rank"
    title = "PCA"
    source = "zhang2016accelerating"
    searched: ClassVar = {"rank": (0.75, 0.5, 0.375, 0.25)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        from bench.compress.low_rank import factors

        ranks = factors.ranks(compressed, self.rank, self._candidates(compressed.network))
        network, history = compressed.network, compressed.history
        for number in range(1, self.rounds + 1):
            whole = factors.merged(compressed.network, network, ranks) if number > 1 else network
            network = self._factorised(whole, self._ranks_of(whole, ranks, number), workbench)
            epochs = workbench.epochs / self.rounds if self.rounds > 1 else None
            history = (*history, *workbench.finetune(network, epochs=epochs, distill=self.distill))
        step = {"kind": "low-rank", "ranks": ranks}
        return compressed.but(network=network, structure=(*compressed.structure, step), history=history)

    def _candidates(self, network: torch.nn.Module) -> dict[str, Any]:
        from bench.compress.low_rank import factors
        from bench.footprint.structure.low_rank import CONVOLUTIONS

        found = factors.layers(network, CONVOLUTIONS)
        return {name: layer for name, layer in found.items() if self.strides or set(layer.stride) == {1}}

    def _ranks_of(self, network: torch.nn.Module, last: dict[str, int], number: int) -> dict[str, int]:
        """Ranks of a round: from full to `last`, by equal factors."""
        from bench.footprint.structure.low_rank import full_rank

        done = number / self.rounds
        full = {name: full_rank(network.get_submodule(name)) for name in last}
        return {name: round(full[name] ** (1 - done) * rank**done) for name, rank in last.items()}

    def _factorised(self, network: torch.nn.Module, ranks: dict[str, int], workbench: Workbench) -> torch.nn.Module:
        from bench.compress.low_rank import factors, output_statistics

        batches = workbench.batches(self.images)
        found = output_statistics.moments(network, list(ranks), batches, gradients=self.hessian)

        def principal(name: str, layer: Any, rank: int) -> Factors:
            return _principal(layer, rank, found[name], self.hessian)

        return factors.factorised(network, ranks, principal)


def _principal(layer: Any, rank: int, found: Moments, hessian: bool) -> Factors:
    """W' = UᵀW and b' = Uᵀ(b - μ), then U and μ, for the r leading eigenvectors U."""
    import torch

    from bench.compress.low_rank.factors import matrix

    directions = torch.linalg.eigh(found.hessian if hessian else found.covariance).eigenvectors[:, -rank:]
    bias = torch.zeros_like(found.mean) if layer.bias is None else layer.bias.detach().double()
    return directions.T @ matrix(layer), directions.T @ (bias - found.mean), directions, found.mean
