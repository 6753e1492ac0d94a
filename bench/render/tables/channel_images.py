"""Every channel with its image and how it transfers, for the data files."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures.units import DIAGNOSTIC, OTHER_START
from bench.render.kit.table import Column, Datum, Group, Row, Table, number
from bench.render.text import captions
from bench.roles import ORIGINAL

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("seed", "Seed", "number", "Of the training."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("version", "Version", "text", "Its role in the cell, or other-initialisation."),
    Column("layer", "Layer", "text", "The block."),
    Column("channel", "Channel", "number", "The original's, by index."),
    Column("own_channel", "Own channel", "number", "This network's; -1 where there is none."),
    Column("transfer", "Transfer", "number", "Response to the original's image by that to its own.", digits=4),
    Column("response", "Response", "number", "To its own image, in deviations over the probe.", digits=4),
    Column("shape", "Shape", "text", "Of the image: colours, rows, columns."),
    Column("pixels", "Pixels", "text", "A byte each as two hexadecimal digits, colour by colour and row by row."),
)


def build(study: Study) -> Table | None:
    """One row an image of one seed, the networks that are drawn; None where no channel was driven."""
    looks = Looks(study, DIAGNOSTIC)
    rows = tuple(row for model in study.models for row in _rows(looks, model)) if looks else ()
    if not rows:
        return None
    return Table(
        "channel-images",
        "Images of channels",
        captions.joined("One row an image that is drawn, of one seed a model.", captions.version(study)),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(looks: Looks, model: str) -> Iterator[Row]:
    seed = looks.first_seed(model)
    if seed is None:
        return
    for variant in looks.drawn("transfer", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        for version in (role, OTHER_START) if variant.label == ORIGINAL else (role,):
            for place, pixels in enumerate(arrays.get(f"images.{version}", ())):
                yield Row(
                    (
                        Datum(model),
                        Datum(seed),
                        Datum(variant.label),
                        Datum(version),
                        Datum(str(arrays["layers"][place])),
                        Datum(int(arrays["channels"][place])),
                        Datum(int(arrays[f"channels.{version}"][place])),
                        number(float(arrays[f"transfer.{version}"][place]), hole="–"),
                        number(float(arrays[f"response.{version}"][place]), hole="–"),
                        Datum("×".join(map(str, pixels.shape))),
                        Datum(pixels.tobytes().hex()),
                    )
                )
