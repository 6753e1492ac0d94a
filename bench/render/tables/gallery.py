"""Every picture of the galleries, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.analysis.galleries import CLASS_IMAGES, DREAMS, FILTERS, INVERSIONS, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset

FIELDS = {
    "model": Field("Name of the network."),
    "seed": Field("Of the training.", "number"),
    "diagnostic": Field("What made the picture."),
    "variant": Field("The variant's label; real: an image of the probe that others are made of."),
    "layer": Field("The block, where there are several."),
    "picture": Field("Class, index into the probe, or the original's filter.", "number"),
    "shape": Field("Of the picture: colours, rows, columns."),
    "values": Field(
        "Colour by colour and row by row: pixels as two hexadecimal digits each; filters' weights as numbers in units "
        "of the network's largest, with spaces between."
    ),
}


def build(study: Study) -> Dataset | None:
    """One row per picture of one seed, for the networks that are drawn; None if no gallery was made."""
    looks = [Looks(study, diagnostic) for diagnostic in (FILTERS, CLASS_IMAGES, INVERSIONS, DREAMS)]
    rows = (
        {"model": model, "seed": gallery.first_seed(model), "diagnostic": gallery.diagnostic, **picture}
        for model in study.models
        for gallery in looks
        for picture in (_filters(gallery, model) if gallery.diagnostic == FILTERS else _images(gallery, model))
    )
    text = "One row per picture shown, of one seed per model."
    return dataset("gallery", "Pictures of the galleries", text, rows, FIELDS)


def _filters(looks: Looks, model: str) -> Iterator[dict[str, Any]]:
    """The filters that are matched to the original's; a network that lost one has no picture for it."""
    for network in painted(looks, model):
        if network.there:
            weights, matched = network.arrays[f"filters.{network.role}"], network.arrays[f"matched.{network.role}"]
            for index in np.flatnonzero(matched >= 0).tolist():
                filter_ = weights[matched[index]]
                values = " ".join(f"{value:.3g}" for value in filter_.astype(float).ravel())
                yield _picture(network.variant.label, "", index, filter_, values)


def _images(looks: Looks, model: str) -> Iterator[dict[str, Any]]:
    """The source images, then the painted images layer by layer."""
    networks = [network for network in painted(looks, model) if network.there]
    for position, network in enumerate(networks):
        arrays, images = network.arrays, network.arrays[f"images.{network.role}"]
        names = arrays["classes" if "classes" in arrays else "images"].tolist()
        by_layer = list(zip(map(str, arrays["layers"]), images)) if "layers" in arrays else [("", images)]
        pictures = [(network.variant.label, layer, painting) for layer, painting in by_layer]
        if position == 0 and "real" in arrays:
            pictures.insert(0, ("real", "", arrays["real"]))
        for variant, layer, painting in pictures:
            for name, pixels in zip(names, painting):
                yield _picture(variant, layer, name, pixels, pixels.tobytes().hex())


def _picture(variant: str, layer: str, picture: int, pixels: np.ndarray, values: str) -> dict[str, Any]:
    shape = "×".join(map(str, pixels.shape))
    return {"variant": variant, "layer": layer, "picture": picture, "shape": shape, "values": values}
