"""What is left of an image in each stage of a network, network beside network."""

from __future__ import annotations

import numpy as np

from bench.analysis.galleries import INVERSIONS, first, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, _grid, _mosaic
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure a model."""
    return _gallery.figures(
        study, INVERSIONS, gallery, "inversions", "What is left of an image in {}",
        "Images that gradient descent paints to have the features that the probe image (first row) has in the last"
        " block of a stage, each network its own features and all the same number of steps; above the columns the "
        "block, and the image's index in the probe. What differs from the image is what the block no longer tells "
        "apart, or what the descent did not reach: how much of the distance of features it left is in the table of"
        " channels. Of the methods: the profile's first, middle and last. Quantisers of feature maps are "
        "by-passed.",
        ("gallery", "units"),
    )  # fmt: skip


def gallery(looks: Looks, model: str) -> _grid.Grid:
    """The images, and what the networks that are shown kept of them: stage by stage."""
    found = painted(looks, model)
    if not found:
        return _grid.Grid([], ())
    arrays = first(found).arrays
    layers, images = list(map(str, arrays["layers"])), list(map(str, arrays["images"].tolist()))
    rows = _gallery.rows(
        looks.study, found, lambda each: _mosaic.photographs(np.concatenate(each.arrays[f"images.{each.role}"]))
    )
    if "real" in arrays:
        real = np.concatenate([arrays["real"]] * len(layers))
        rows.insert(0, _mosaic.Row(_gallery.REAL, _mosaic.photographs(real), True))
    return _grid.Grid(rows, tuple(images * len(layers)), tuple(layer for layer in layers for _ in images))
