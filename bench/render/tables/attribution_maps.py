"""Every map that the figures of attributions draw from, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.analysis.attributions import DIAGNOSTIC, attributions
from bench.analysis.looks import BYPASSED, Looks
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset
from bench.roles import ORIGINAL

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "seed": Field("Of the training.", "number", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "attribution": Field("Which attribution.", identifies=True),
    "version": Field("Its role in the cell; -bypassed: without its feature maps' quantisers.", identifies=True),
    "image": Field("Index into the probe.", "number", identifies=True),
    "target": Field("The class that is explained.", "number"),
    "height": Field("Rows of the map.", "number"),
    "values": Field(
        "Row by row, in units of the 99th percentile of the original's absolute values on that image; of the image "
        "itself (variant: real) its pixels, 0 to 255, colour by colour."
    ),
}


def build(study: Study) -> Dataset | None:
    """One row per map of one seed, for the networks that are drawn; None if nothing was explained."""
    looks = Looks(study, DIAGNOSTIC)
    text = "One row per map shown, of one seed per model."
    rows = (row for model in study.models for row in _rows(looks, model))
    return dataset("attribution-maps", "Attribution maps", text, rows, FIELDS)


def _rows(looks: Looks, model: str) -> Iterator[dict[str, Any]]:
    seed, names = looks.first_seed(model), attributions(looks)
    if seed is None or not names:
        return
    for variant in looks.drawn(f"{names[0]}.spearman", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        maps = [
            (variant.label, name, version, arrays.get(f"{name}.map.{version}", ()))
            for name in names
            for version in (role, role + BYPASSED)
        ]
        if variant.label == ORIGINAL:
            maps.insert(0, ("real", "", "", arrays.get("real", ())))
        for label, name, version, pictures in maps:
            for shown, picture in zip(arrays.get("shown", ()), pictures):
                yield {
                    "model": model,
                    "seed": seed,
                    "variant": label,
                    "attribution": name,
                    "version": version,
                    "image": int(arrays["images"][shown]),
                    "target": int(arrays["targets"][shown]),
                    "height": picture.shape[-2],
                    "values": _text(picture),
                }


def _text(picture: np.ndarray) -> str:
    """Pixels (C, H, W) as they are, values of a map (H, W) to three digits."""
    return " ".join(f"{value:.3g}" for value in picture.astype(float).ravel())
