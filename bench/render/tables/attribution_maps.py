"""Every map that the figures of attributions draw from, for the data files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bench.analysis.attributions import DIAGNOSTIC, attributions
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions
from bench.roles import ORIGINAL

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("seed", "Seed", "number", "Of the training."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("attribution", "Attribution", "text", "Which attribution."),
    Column("version", "Version", "text", "Its role in the cell; -bypassed: without its feature maps' quantisers."),
    Column("image", "Image", "number", "Index into the probe."),
    Column("target", "Target", "number", "The class that is explained."),
    Column("height", "Height", "number", "Rows of the map."),
    Column(
        "values", "Values", "text",
        "Row by row, in units of the 99th percentile of the original's absolute values on that image; of the image "
        "itself (variant: real) its pixels, 0 to 255, colour by colour.",
    ),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """One row a map of one seed, the networks that are drawn; None where nothing was explained."""
    looks = Looks(study, DIAGNOSTIC)
    rows = tuple(row for model in study.models for row in _rows(looks, model)) if looks else ()
    if not rows:
        return None
    return Table(
        "attribution-maps",
        "Attribution maps",
        captions.joined("One row a map that is drawn, of one seed a model.", captions.version(study)),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(looks: Looks, model: str) -> Iterator[Row]:
    seed, found = looks.first_seed(model), attributions(looks)
    if seed is None or not found:
        return
    for variant in looks.drawn(f"{found[0]}.spearman", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        if variant.label == ORIGINAL:
            yield from _images(model, seed, arrays)
        for method in found:
            for version in (role, f"{role}-bypassed"):
                for place, values in enumerate(arrays.get(f"{method}.map.{version}", ())):
                    where = int(arrays["shown"][place])
                    yield Row(
                        (
                            Datum(model),
                            Datum(seed),
                            Datum(variant.label),
                            Datum(method),
                            Datum(version),
                            Datum(int(arrays["images"][where])),
                            Datum(int(arrays["targets"][where])),
                            Datum(len(values)),
                            Datum(_text(values)),
                        )
                    )


def _images(model: str, seed: int, arrays: Mapping[str, np.ndarray]) -> Iterator[Row]:
    for place, pixels in enumerate(arrays.get("real", ())):
        where = int(arrays["shown"][place])
        about = (model, seed, "real", "", "", int(arrays["images"][where]), int(arrays["targets"][where]))
        yield Row(
            tuple(Datum(value) for value in (*about, pixels.shape[1], " ".join(map(str, pixels.ravel().tolist()))))
        )


def _text(values: np.ndarray) -> str:
    return " ".join(f"{value:.3g}" for value in values.astype(float).ravel())
