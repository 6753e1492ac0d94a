"""Debiased CKA of every pair of layers with exact jackknife intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity.intervals.jackknife import JACKKNIFE, jackknife
from bench.similarity.layers._grams import Grams, row_products
from bench.similarity.layers._map import LayerMap

Layers = Grams | Sequence[ArrayLike]


def pairwise(xs: Layers, ys: Layers, *, confidence: float = 0.95) -> LayerMap:
    """Debiased linear CKA of every layer of one network with every layer of another, with jackknife intervals.

    >>> rng = np.random.default_rng(0)
    >>> image = rng.normal(size=(200, 8))
    >>> layers = [image @ rng.normal(size=(8, 16)) for _ in range(3)]
    >>> pairwise(layers, layers[:2]).value.shape
    (3, 2)

    Args:
        xs, ys: one (n, d_l) array per layer, or the network's `Grams`, which can be used again.

    Raises:
        InputError: the activations are unusable, or the networks were shown different numbers of images.
    """
    first, second = paired(xs, ys)
    rounding = max(first.rounding, second.rounding)
    estimates = jackknife(
        row_products(first, second),
        first.self_products[:, None],
        second.self_products[None],
        confidence=confidence,
        rounding=rounding,
        floors=(first.floors[:, None], second.floors),
    )
    # Only layers at the same depth go into the seeds' means, and only there is the influence worth its memory.
    square = len(first) == len(second)
    diagonal = np.arange(len(first))
    return LayerMap(
        value=estimates.value,
        low=estimates.low,
        high=estimates.high,
        standard_error=estimates.standard_error,
        n_eff=estimates.n_eff,
        n=first.n,
        interval=JACKKNIFE,
        confidence=confidence,
        z=estimates.z[diagonal, diagonal] if square else None,
        influence=estimates.influence[diagonal, diagonal] if square else None,
    )


def paired(xs: Layers, ys: Layers) -> tuple[Grams, Grams]:
    """The Grams of two networks, which must have been shown the same number of images."""
    first = xs if isinstance(xs, Grams) else Grams(xs, name="xs")
    second = first if ys is xs else ys if isinstance(ys, Grams) else Grams(ys, name="ys")
    if first.n != second.n:
        raise InputError(
            f"The first network was shown {first.n} images and the second {second.n}: the same images, in the same "
            "order, are needed on both sides."
        )
    return first, second
