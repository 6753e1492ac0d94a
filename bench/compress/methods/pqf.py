"""Permute, quantise, fine-tune: product quantization of reordered channels (Martinez et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress.method import FinetuningMethod
from bench.compress.methods.k_means import WordCount
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Pqf(FinetuningMethod):
    """Weights become words of a codebook a layer; the words are trained, which word stands where is not.

    The first convolution stays in float32. A code takes log2(k) bits, a word 16 bits a weight, a normalised channel
    two float32 numbers: torchvision's ResNet-18 takes 1,615,904 bytes with small blocks.

    Args:
        blocks: a word is one kernel of a k×k convolution ("small"), or two ("large"). Of linear layers and 1×1
            convolutions it is 4 weights; 8 of 1×1 convolutions with large blocks, where most convolutions are 1×1.
        words: of a codebook; fewer where there would not be four uses of each.
        classifier_words: of the last linear layer; default 2048, or 1024 where most convolutions are 1×1.
        permute: reorder channels first so that words come closer; the network's function stays.
        swaps: of channels that are tried.
        anneal: shake the centroids ever less while they are found.
        iterations: of that.
        heat, cooling: iteration i of I shakes by heat·(1 - i/I)^cooling standard deviations. The paper has 1000
            iterations, heat 1 and cooling 0.5; the defaults come as close in a tenth of the time.
    """

    blocks: Literal["small", "large"] = "small"
    words: WordCount = 256
    classifier_words: WordCount | None = None
    permute: bool = True
    swaps: Annotated[int, Field(ge=1)] = 10_000
    anneal: bool = True
    iterations: Annotated[int, Field(ge=1)] = 60
    heat: Annotated[float, Field(ge=0)] = 0.25
    cooling: Annotated[float, Field(gt=0)] = 2.0

    family = "product quantization"
    title = "PQF"
    source = "martinez2021pqf"
    searched: ClassVar = {"blocks": ("small", "large"), "words": (256, 128, 64, 32, 16)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        from bench.compress.codebooks import product_quantization

        settings = product_quantization.Settings(
            blocks=self.blocks,
            words=self.words,
            classifier_words=self.classifier_words,
            iterations=self.iterations,
            annealing=product_quantization.Annealing(self.heat, self.cooling) if self.anneal else None,
            swaps=self.swaps if self.permute else 0,
        )
        return product_quantization.quantized(compressed, workbench, settings, distill=self.distill)
