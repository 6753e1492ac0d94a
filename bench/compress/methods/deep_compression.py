"""Deep Compression: prune, share weights, code (Han, Mao & Dally 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import codebooks
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod
from bench.compress.methods.magnitude_finetune import MagnitudeFinetune
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class DeepCompression(FinetuningMethod):
    """Magnitude pruning with retraining, weight sharing by k-means, then relative indices and Huffman codes.

    Shared values are float32 and are trained too, by the mean gradient of their uses, while assignments stay fixed. One
    symbol stands for zero.

    Args:
        sparsity: share of convolution and linear weights to remove; weights pruned earlier in a chain stay removed.
        convolution_bits, linear_bits: width of a shared weight's symbol; smaller in layers with few weights.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    convolution_bits: Annotated[int, Field(ge=1, le=8)] = 8
    linear_bits: Annotated[int, Field(ge=1, le=8)] = 5

    family = "pruning"
    title = "Deep Compression"
    source = "han2016deep"

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method: after pruning, and again after the weights are shared."""
        return Budget(finetuned=2 * finetuning)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        pruned = MagnitudeFinetune(self.sparsity, distill=self.distill)(compressed, workbench)
        shared = codebooks.weight_sharing.shared(
            pruned, workbench, (self.convolution_bits, self.linear_bits), distill=self.distill
        )
        return shared.but(entropy_coding=True)
