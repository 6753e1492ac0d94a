"""Low rank by principal components of a convolution's outputs, at once or in several rounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import low_rank
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Pca(FinetuningMethod):
    """Each convolution becomes r filters, the leading components of its outputs before normalisation, and a 1×1 one.

    Statistics of all layers are taken before any is replaced. Convolutions with a stride, grouped ones, and those that
    are smaller than their factors stay as they are.

    Args:
        rank: as a share of a convolution's outputs.
        hessian: choose components by what removing them adds to the loss, instead of by their variance.
        rounds: number of rounds; the rank falls by the same factor in each, and each has an equal share of the
            fine-tuning.
        images: number of training images from which statistics are taken.
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
        ranks = low_rank.factors.ranks(
            compressed, self.rank, low_rank.rounds.convolutions(compressed, strides=self.strides)
        )
        lengths = workbench.divided(workbench.epochs, self.rounds) if self.rounds > 1 else [None]
        return low_rank.rounds.shrink(
            compressed,
            workbench,
            ranks,
            lengths=lengths,
            images=self.images,
            hessian=self.hessian,
            finetune=partial(workbench.finetune, distill=self.distill),
        )
