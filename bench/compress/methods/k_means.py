"""Plain product quantization: what PQF is without permutation and annealing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from bench.compress import codebooks
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


def power_of_two(count: int) -> int:
    """`count` itself, if it is a power of two: only then are all symbols of a whole number of bits words.

    Raises:
        ValueError: it is not.
    """
    if count & (count - 1):
        raise ValueError("a codebook has a power of two of words")
    return count


WordCount = Annotated[int, Field(ge=2), AfterValidator(power_of_two)]


@dataclass(frozen=True)
class KMeans(FinetuningMethod):
    """Codebooks by k-means, then fine-tuned; takes the same bytes as PQF with the same blocks and words.

    Args:
        blocks, words, classifier_words: see PQF.
        iterations: at most; k-means stops once nothing changes.
    """

    blocks: Literal["small", "large"] = "small"
    words: WordCount = 256
    classifier_words: WordCount | None = None
    iterations: Annotated[int, Field(ge=1)] = 60

    family = "product quantization"
    title = "k-means"
    source = "gong2014compressing"
    sizes_alone: ClassVar = {"iterations": 1}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        settings = codebooks.product_quantization.Settings(
            self.blocks, self.words, self.classifier_words, self.iterations, None, swaps=0
        )
        return codebooks.product_quantization.quantized(compressed, workbench, settings, distill=self.distill)
