"""Fine-tuning of a network whose weights are words of codebooks already."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from bench.compress.codebooks import renormalised, shared_words
from bench.compress.codebooks.shared_words import Words
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.representation import Codebook, Float


def finetuned(
    compressed: Compressed, workbench: Workbench, images: int, *, epochs: float | None, distill: bool
) -> Compressed:
    """A copy whose codebooks and float32 parameters were trained, by the profile's fine-tuning recipe.

    Args:
        images: number of training images from which statistics of normalisation are taken.

    Raises:
        NotApplicable: it has no codebook, or weights that are stored in another way and would not fit any more.
    """
    words = _words(compressed)
    network, names = renormalised.with_batchnorm(
        deepcopy(compressed.network), (batch for batch, _ in workbench.batches(images))
    )
    shared_words.share(network, words)
    history = workbench.finetune(network, epochs=epochs, distill=distill)
    representations = shared_words.fixed(network, words)
    structure = renormalised.without(compressed.structure, names)
    finished = compressed.but(
        network=network, structure=structure, representations={}, history=(*compressed.history, *history)
    )
    return merge(finished).but(representations=representations)


def _words(compressed: Compressed) -> dict[str, Words]:
    words = {}
    for name, stored in compressed.representations.items():
        if isinstance(stored, Codebook):
            # word 0 of sparse codes is zero for weights that were pruned
            words[name] = Words(stored.codebook, stored.codes.astype(np.int64), fixed_zero=stored.sparse)
        elif not (isinstance(stored, Float) and stored.type == "float32"):
            kind = stored.kind.replace("-", " ")
            raise NotApplicable(f"{name} is stored as {kind}, which other values would not fit: only codebooks may be")
    if not words:
        raise NotApplicable("none of its weights is made of a codebook's words: put it behind import, pqf or k-means")
    if compressed.activation_bits != 32:
        raise NotApplicable("its feature maps are quantised already")
    return words
