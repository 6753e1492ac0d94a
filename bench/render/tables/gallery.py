"""Every picture of the galleries, for the data files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, class_images, dreams, filters, inversions
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("seed", "Seed", "number", "Of the training."),
    Column("diagnostic", "Diagnostic", "text", "What made the picture."),
    Column("variant", "Variant", "text", "The variant's label; real: an image of the probe that others are made of."),
    Column("layer", "Layer", "text", "The block, where there are several."),
    Column("picture", "Picture", "number", "Class, index into the probe, or the original's filter."),
    Column("shape", "Shape", "text", "Of the picture: colours, rows, columns."),
    Column(
        "values", "Values", "text",
        "Colour by colour and row by row: pixels as two hexadecimal digits each; filters' weights as numbers in units "
        "of the network's largest, with spaces between.",
    ),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """One row a picture of one seed, the networks that are drawn; None where no gallery was made."""
    rows = tuple(row for model in study.models for row in _rows(study, model))
    if not rows:
        return None
    return Table(
        "gallery",
        "Pictures of the galleries",
        captions.joined("One row a picture that is drawn, of one seed a model.", captions.version(study)),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(study: Study, model: str) -> Iterator[Row]:
    looks = Looks(study, filters.DIAGNOSTIC)
    for each in _there(filters.painted(looks, model)):
        weights, matched = each.arrays[f"filters.{each.role}"], each.arrays[f"matched.{each.role}"]
        for place, own in enumerate(matched.tolist()):
            if own >= 0:
                values = " ".join(f"{value:.3g}" for value in weights[own].astype(float).ravel())
                yield _row(looks, model, each.variant.label, "", place, weights[own], values)
    for module in (class_images, inversions, dreams):
        looks = Looks(study, module.DIAGNOSTIC)
        yield from _painted(looks, model, _there(module.painted(looks, model)))


def _painted(looks: Looks, model: str, found: Sequence[_gallery.Painted]) -> Iterator[Row]:
    for place, each in enumerate(found):
        names = each.arrays["classes" if "classes" in each.arrays else "images"].tolist()
        images = each.arrays[f"images.{each.role}"]
        layers = map(str, each.arrays["layers"]) if "layers" in each.arrays else [""]
        pictures = [("real", "", each.arrays["real"])] if "real" in each.arrays and place == 0 else []
        by_layer = images if "layers" in each.arrays else [images]
        pictures += [(each.variant.label, layer, own) for layer, own in zip(layers, by_layer)]
        for variant, layer, own in pictures:
            for name, pixels in zip(names, own):
                yield _row(looks, model, variant, layer, name, pixels, pixels.tobytes().hex())


def _there(found: Sequence[_gallery.Painted]) -> list[_gallery.Painted]:
    return [each for each in found if each.there]


def _row(looks: Looks, model: str, variant: str, layer: str, picture: int, pixels: np.ndarray, values: str) -> Row:
    shape = "×".join(map(str, pixels.shape))
    about = (model, looks.first_seed(model), looks.diagnostic, variant, layer, picture, shape, values)
    return Row(tuple(Datum(value) for value in about))
