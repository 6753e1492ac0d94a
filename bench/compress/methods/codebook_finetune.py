"""Codebooks that a network came with, fine-tuned; assignments stay fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import codebooks
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class CodebookFinetune(FinetuningMethod):
    """For the end of a chain, behind a method that makes codebooks, or `import` of a file that holds some.

    Words, biases, normalisation and all layers in float32 are trained, as in the last step of PQF. Of batch
    normalisation such a network has a scale and a shift alone: statistics are taken anew, of training images.

    Args:
        epochs: default the fine-tuning recipe's.
        images: number of training images from which statistics of normalisation are taken.
    """

    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    images: Annotated[int, Field(ge=1)] = 512

    family = "product quantization"
    title = "Codebooks fine-tuned"
    source = "martinez2021pqf"
    searched = None

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(finetuned=self.epochs or finetuning)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return codebooks.finetuning.finetuned(
            compressed, workbench, self.images, epochs=self.epochs, distill=self.distill
        )
