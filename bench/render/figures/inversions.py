"""What is left of an image in each stage of a network, network beside network."""

from __future__ import annotations

import numpy as np

from bench.analysis.galleries import INVERSIONS, Painted, first
from bench.analysis.study import Study
from bench.render.figures import _gallery
from bench.render.figures._mosaic import Mosaic, photographs
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure per model."""
    return _gallery.figures(
        study, INVERSIONS, mosaic, "inversions", "What is left of an image in {}",
        "Images that gradient descent paints to have the features that the probe image (first row) has in the last"
        " block of a stage, each network its own features and all the same number of steps; above the columns the "
        "block, and the image's index in the probe. What differs from the image is what the block no longer tells "
        "apart, or what the descent did not reach: how much of the distance of features it left is in the table of"
        " channels. Of the methods: the profile's first, middle and last. Quantisers of feature maps are "
        "by-passed.",
        ("gallery", "units"),
    )  # fmt: skip


def mosaic(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per stage and image; the images themselves first, if they were kept."""
    arrays = first(networks).arrays
    layers, images = list(map(str, arrays["layers"])), list(map(str, arrays["images"].tolist()))
    originals = [_gallery.real(np.concatenate([arrays["real"]] * len(layers)))] if "real" in arrays else []
    strips = _gallery.strips(study, networks, lambda network: photographs(np.concatenate(network["images"])))
    return Mosaic([*originals, *strips], tuple(images * len(layers)), tuple(layer for layer in layers for _ in images))
