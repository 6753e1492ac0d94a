"""What drives single channels: images made by gradient ascent, network beside network."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.analysis.galleries import CHANNELS, OTHER_START, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures._mosaic import Mosaic, Strip, illustration, paint, thumbnails
from bench.render.kit.figure import Figure
from bench.render.kit.names import compact
from bench.roles import ORIGINAL, OTHER_SEED


def build(study: Study) -> list[Figure]:
    """One figure per model whose channels were driven."""
    looks = Looks(study, CHANNELS)
    galleries = ((model, mosaic(looks, model)) for model in study.models)
    return [_figure(looks, model, shown) for model, shown in galleries if shown.strips]


def _figure(looks: Looks, model: str, shown: Mosaic) -> Figure:
    return illustration(
        looks, model, "channels", f"What drives channels of {model}",
        "Images that gradient ascent paints for channels of the last block of each stage, the same way for every "
        "network; above each column: the block and the original's channel. Other start: the original again from "
        "another random image, which is how much the picture alone varies. Another seed: the channel matched by "
        "its activations. Of the methods: the one whose transfer ratio is nearest to 1, the middle one and the "
        "farthest; quantisers of feature maps are by-passed. Empty: there is no such channel.",
        f"Grid of images for channels of {model}: a row a network, a column a channel; all are in the data file.",
        partial(paint, shown),
        ("channel-images", "units"),
        see=", see the table of channels for all",
    )  # fmt: skip


def mosaic(looks: Looks, model: str) -> Mosaic:
    """A column per channel of the original, of the networks that have images; the original a second time."""
    names = compact(looks.study.plan)
    strips: list[Strip] = []
    layers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    for network in (network for network in painted(looks, model) if network.there):
        arrays, label = network.arrays, network.variant.label
        suffix = " (matched)" if network.role == OTHER_SEED else ""
        pictures = _pictures(network["images"], network["channels"])
        strips.append(Strip.of(names[label] + suffix, network.variant, pictures))
        if label == ORIGINAL:
            layers, channels = tuple(map(str, arrays["layers"])), tuple(map(str, arrays["channels"].tolist()))
            if f"images.{OTHER_START}" in arrays:
                again = _pictures(arrays[f"images.{OTHER_START}"], arrays[f"channels.{OTHER_START}"])
                strips.append(Strip(f"{names[label]}, other start", again, control=True))
    return Mosaic(strips, channels, layers)


def _pictures(images: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """(U, h, w, 3) if images have three colours, else (U, h, w) their mean; NaN if there is no channel."""
    shown = np.moveaxis(images, 1, -1) / 255.0
    shown[channels < 0] = np.nan
    return thumbnails(shown if shown.shape[-1] == 3 else shown.mean(-1))
