"""Every channel with its image and how it transfers, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.galleries import CHANNELS, OTHER_START
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, number
from bench.roles import ORIGINAL

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "seed": Field("Of the training.", "number", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "version": Field("Its role in the cell, or other-initialisation.", identifies=True),
    "layer": Field("The block.", identifies=True),
    "channel": Field("The original's, by index.", "number", identifies=True),
    "own_channel": Field("This network's; -1 if missing.", "number"),
    "transfer": Field("Response to the original's image by that to its own.", "number"),
    "response": Field("To its own image, in deviations over the probe.", "number"),
    "shape": Field("Of the image: colours, rows, columns."),
    "pixels": Field("A byte each as two hexadecimal digits, colour by colour and row by row."),
}


def build(study: Study) -> Dataset | None:
    """One row per image of one seed, for the networks that are drawn; None if no channel was driven."""
    looks = Looks(study, CHANNELS)
    text = "One row per image shown, of one seed per model."
    rows = (row for model in study.models for row in _rows(looks, model))
    return dataset("channel-images", "Images of channels", text, rows, FIELDS)


def _rows(looks: Looks, model: str) -> Iterator[dict[str, Any]]:
    seed = looks.first_seed(model)
    if seed is None:
        return
    for variant in looks.drawn("transfer", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        for version in (role, OTHER_START) if variant.label == ORIGINAL else (role,):
            for index, pixels in enumerate(arrays.get(f"images.{version}", ())):
                yield {
                    "model": model,
                    "seed": seed,
                    "variant": variant.label,
                    "version": version,
                    "layer": str(arrays["layers"][index]),
                    "channel": int(arrays["channels"][index]),
                    "own_channel": int(arrays[f"channels.{version}"][index]),
                    **number("transfer", float(arrays[f"transfer.{version}"][index])),
                    **number("response", float(arrays[f"response.{version}"][index])),
                    "shape": "×".join(map(str, pixels.shape)),
                    "pixels": pixels.tobytes().hex(),
                }
