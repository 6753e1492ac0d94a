"""Permute, quantise, fine-tune: product quantization of reordered channels (Martinez et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import codebooks
from bench.compress.method import FinetuningMethod
from bench.compress.methods.k_means import WordCount
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Pqf(FinetuningMethod):
    """The weights of a layer become words of a codebook. The words are fine-tuned; assignments stay fixed.

    A word's gradient is the mean over its uses: with Adam, which divides by a gradient's size, that is the paper's sum.
    The order of channels that several layers read has the least sum of the determinants of all of them.

    The first convolution stays in float32. A code takes log2(k) bits, a word 16 bits per weight, a normalised channel
    two float32 numbers: torchvision's ResNet-18 takes 1,615,904 bytes with small blocks. Its Mask R-CNN with a
    ResNet-50 takes 6,967,876 for 44,454,513 parameters, those of batch norms among them (see `codebooks.detectors`).

    Args:
        blocks: a word is one kernel of a k×k convolution ("small"), or two ("large"). In linear layers and 1×1
            convolutions it is 4 weights; 8 in 1×1 convolutions with large blocks, if most convolutions are 1×1.
        words: size of a codebook; smaller if there would be fewer than four uses per word.
        classifier_words: of the last linear layer; default 2048, or 1024 if most convolutions are 1×1.
        permute: first reorder channels so that words come closer; the network computes the same.
        swaps: number of swaps of channels to try.
        anneal: add decaying noise to the centroids of k-means.
        iterations: of k-means.
        heat, cooling: the noise on sub-vectors in iteration i of I has heat·(1 - i/I)^cooling of their standard
            deviations, as in the paper. It has 1000 iterations; a sixteenth of them comes close. An iteration with
            noise reads at most 128 sub-vectors per word and 131,072 in all, others each time; the last three read all
            of them.
    """

    blocks: Literal["small", "large"] = "small"
    words: WordCount = 256
    classifier_words: WordCount | None = None
    permute: bool = True
    swaps: Annotated[int, Field(ge=1)] = 10_000
    anneal: bool = True
    iterations: Annotated[int, Field(ge=1)] = 60
    heat: Annotated[float, Field(ge=0)] = 1.0
    cooling: Annotated[float, Field(gt=0)] = 0.5

    version = 3
    family = "product quantization"
    title = "PQF"
    sizes_alone: ClassVar = {"iterations": 1, "swaps": 1}
    source = "martinez2021pqf"
    searched: ClassVar = {"blocks": ("small", "large"), "words": (256, 128, 64, 32, 16)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        settings = codebooks.product_quantization.Settings(
            blocks=self.blocks,
            words=self.words,
            classifier_words=self.classifier_words,
            iterations=self.iterations,
            annealing=codebooks.product_quantization.Annealing(self.heat, self.cooling) if self.anneal else None,
            swaps=self.swaps if self.permute else 0,
        )
        return codebooks.product_quantization.quantized(compressed, workbench, settings, distill=self.distill)
