"""Every picture of the galleries, for the data files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bench.render import captions
from bench.render.figures import _gallery, class_images, dreams, filters, inversions
from bench.render.looks import Looks
from bench.render.plan import Variant
from bench.render.study import Study
from bench.render.table import Cell, Column, Group, Row, Table

SECTION, ORDER = "data", 70

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
    for each in _there(_gallery.painted(looks, model, looks.drawn(filters.METRIC, model), "filters", "matched")):
        weights, matched = each.arrays[f"filters.{each.role}"], each.arrays[f"matched.{each.role}"]
        for place, own in enumerate(matched.tolist()):
            if own >= 0:
                values = " ".join(f"{value:.3g}" for value in weights[own].astype(float).ravel())
                yield _row(looks, model, each.variant.label, "", place, weights[own], values)
    for name in (class_images.DIAGNOSTIC, inversions.DIAGNOSTIC, dreams.DIAGNOSTIC):
        yield from _painted(Looks(study, name), model)


def _painted(looks: Looks, model: str) -> Iterator[Row]:
    real_shown = False
    for each in _there(_gallery.painted(looks, model, _drawn(looks, model), "images")):
        by_layer = looks.diagnostic == inversions.DIAGNOSTIC
        layers = list(map(str, each.arrays["layers"])) if by_layer else [""]
        names = each.arrays["classes" if "classes" in each.arrays else "images"].tolist()
        if "real" in each.arrays and not real_shown:
            real_shown = True
            for name, pixels in zip(names, each.arrays["real"]):
                yield _row(looks, model, "real", "", name, pixels, pixels.tobytes().hex())
        images = each.arrays[f"images.{each.role}"]
        for layer, own in zip(layers, images if by_layer else [images]):
            for name, pixels in zip(names, own):
                yield _row(looks, model, each.variant.label, layer, name, pixels, pixels.tobytes().hex())


def _there(found: Sequence[_gallery.Painted]) -> list[_gallery.Painted]:
    return [each for each in found if each.there]


def _drawn(looks: Looks, model: str) -> Sequence[Variant]:
    ordered = looks.diagnostic == class_images.DIAGNOSTIC
    return looks.drawn(class_images.METRIC, model) if ordered else looks.shown(model)


def _row(looks: Looks, model: str, variant: str, layer: str, picture: int, pixels: np.ndarray, values: str) -> Row:
    shape = "×".join(map(str, pixels.shape))
    about = (model, looks.first_seed(model), looks.diagnostic, variant, layer, picture, shape, values)
    return Row(tuple(Cell(value) for value in about))
