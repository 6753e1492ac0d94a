"""What drives single channels: images made by gradient ascent, network beside network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _grid, _mosaic
from bench.render.kit.figure import Figure
from bench.render.kit.names import compact
from bench.render.text import captions
from bench.roles import ORIGINAL, OTHER_SEED

DIAGNOSTIC, OTHER_START = "activation-maximization", "other-initialisation"


def build(study: Study) -> list[Figure]:
    """One figure a model, for those whose channels were driven."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return []
    galleries = ((model, gallery(looks, model)) for model in study.models)
    return [_figure(study, looks, model, found) for model, found in galleries if found.rows]


def _figure(study: Study, looks: Looks, model: str, found: _grid.Grid) -> Figure:
    return Figure(
        _mosaic.anchor("channels", model),
        f"What drives channels of {model}",
        captions.joined(
            "Images that gradient ascent paints for channels of the last block of each stage, the same way for every "
            "network; above each column: the block and the original's channel. Other start: the original again from "
            "another random image, which is how much the picture alone varies. Another seed: the channel matched by "
            "its activations. Of the methods: the one whose transfer ratio is nearest to 1, the middle one and the "
            "farthest; quantisers of feature maps are by-passed. Empty: there is no such channel.",
            f"One seed ({looks.first_seed(model)}) of n = {study.seeds}; an illustration without interval or test, see "
            "the table of channels for all.",
            captions.version(study),
        ),
        f"Grid of images for channels of {model}: a row a network, a column a channel; all are in the data file.",
        partial(_grid.paint, found),
        ("channel-images", "units"),
        tools=_mosaic.TOOLS,
    )


def gallery(looks: Looks, model: str) -> _grid.Grid:
    """The images of the networks that are shown, of the model's first finished seed."""
    seed = looks.first_seed(model)
    if seed is None:
        return _grid.Grid([], ())
    names, rows = compact(looks.study.plan), []
    layers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    for variant in looks.drawn("transfer", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        if f"images.{role}" not in arrays:
            continue
        control = variant.control and variant.label != ORIGINAL
        suffix = " (matched)" if role == OTHER_SEED else ""
        rows.append(_mosaic.Row(names[variant.label] + suffix, _pictures(arrays, role), control))
        if variant.label == ORIGINAL:
            layers, channels = tuple(map(str, arrays["layers"])), tuple(map(str, arrays["channels"].tolist()))
            if f"images.{OTHER_START}" in arrays:
                rows.append(_mosaic.Row(f"{names[variant.label]}, other start", _pictures(arrays, OTHER_START), True))
    return _grid.Grid(rows, channels, layers)


def _pictures(arrays: Mapping[str, np.ndarray], role: str) -> np.ndarray:
    """(U, h, w, 3) where there are three colours, else (U, h, w) their mean; NaN where there is no channel."""
    images = np.moveaxis(arrays[f"images.{role}"], 1, -1) / 255.0
    images[arrays[f"channels.{role}"] < 0] = np.nan
    return _mosaic.thumbnails(images if images.shape[-1] == 3 else images.mean(-1))
