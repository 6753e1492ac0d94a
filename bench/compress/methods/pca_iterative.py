"""Low rank by principal components, a little in each round, with a short fine-tuning in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import low_rank
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class PcaIterative(FinetuningMethod):
    """`pca` in many rounds: each keeps a share of the ranks, takes statistics anew and fine-tunes for so many epochs.

    This is the iterative mode of pca-compress (`--prune-step 0.98 --tune-epochs 1`). The number of rounds follows from
    the rank and the step: 35 of them halve the rank by steps of 0.98, in layers of any width. The authors round every
    layer's rank down in each round, so that theirs are halved after 25 rounds (64 outputs) to 33 (512).

    Args:
        rank: after the last round, as a share of a convolution's outputs.
        step: share of its rank that a layer keeps in a round.
        tuning_epochs: of fine-tuning after each round.
        learning_rate: of the fine-tuning, at its peak.
        hessian: choose components by what removing them adds to the loss, instead of by their variance.
        images: number of training images from which statistics are taken in each round.
        strides: replace convolutions with a stride too.
    """

    rank: Annotated[float, Field(gt=0, lt=1)] = 0.5
    step: Annotated[float, Field(ge=0.01, le=0.999)] = 0.98
    tuning_epochs: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-4
    hessian: bool = False
    images: Annotated[int, Field(ge=1)] = 512
    strides: bool = False

    version = 2  # rounds take as many steps as one training
    family = "low rank"
    title = "Iterative PCA"
    source = "zhang2016accelerating"
    searched: ClassVar = {"rank": (0.75, 0.5, 0.375, 0.25)}
    sizes_alone: ClassVar = {"step": 0.01}  # straight to the last round

    @property
    def rounds(self) -> int:
        """How many rounds lead from full rank to the last."""
        return max(1, math.ceil(round(math.log(self.rank) / math.log(self.step), 9)))

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        ranks = low_rank.factors.ranks(
            compressed, self.rank, low_rank.rounds.convolutions(compressed, strides=self.strides)
        )
        return low_rank.rounds.shrink(
            compressed,
            workbench,
            ranks,
            lengths=[self.tuning_epochs] * self.rounds,
            images=self.images,
            hessian=self.hessian,
            finetune=partial(workbench.finetune, learning_rate=self.learning_rate, distill=self.distill),
        )

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(self.rounds * self.tuning_epochs, 0)
