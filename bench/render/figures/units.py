"""What drives single channels: images made by gradient ascent, network beside network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing

from bench.render import captions
from bench.render.figure import Figure, Sheet
from bench.render.figures import _mosaic, _rows
from bench.render.looks import Looks
from bench.render.names import compact, cut
from bench.render.study import BASELINE, OTHER_SEED, Study
from bench.render.style import MUTED, Medium

SECTION, ORDER = "explanations", 40
DIAGNOSTIC, OTHER_START = "activation-maximization", "other-initialisation"
MOST = {"wide": 12, "narrow": 6, "print": 9}  # channels


@dataclass(frozen=True)
class Gallery:
    """One model's channels: images by network, and the layer and index of each in the original."""

    rows: list[_mosaic.Row]
    layers: tuple[str, ...]
    channels: tuple[int, ...]


def build(study: Study) -> list[Figure]:
    """One figure a model, for those whose channels were driven."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return []
    galleries = ((model, gallery(looks, model)) for model in study.models)
    return [_figure(study, looks, model, found) for model, found in galleries if found.rows]


def _figure(study: Study, looks: Looks, model: str, found: Gallery) -> Figure:
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
        partial(_paint, found),
        ("channel-images", "units"),
    )


def gallery(looks: Looks, model: str) -> Gallery:
    """The images of the networks that are shown, of the model's first finished seed."""
    seed = looks.first_seed(model)
    if seed is None:
        return Gallery([], (), ())
    names, rows = compact(looks.study.plan), []
    layers: tuple[str, ...] = ()
    channels: tuple[int, ...] = ()
    for variant in looks.drawn("transfer", model):
        arrays, role = looks.arrays(model, variant.label, seed)
        if f"images.{role}" not in arrays:
            continue
        control = variant.control and variant.label != BASELINE
        suffix = " (matched)" if role == OTHER_SEED else ""
        rows.append(_mosaic.Row(names[variant.label] + suffix, _pictures(arrays, role), control))
        if variant.label == BASELINE:
            layers, channels = tuple(map(str, arrays["layers"])), tuple(arrays["channels"].tolist())
            if f"images.{OTHER_START}" in arrays:
                rows.append(_mosaic.Row(f"{names[variant.label]}, other start", _pictures(arrays, OTHER_START), True))
    return Gallery(rows, layers, channels)


def _pictures(arrays: dict[str, np.ndarray], role: str) -> np.ndarray:
    """(U, h, w, 3) where there are three colours, else (U, h, w) their mean; NaN where there is no channel."""
    images = np.moveaxis(arrays[f"images.{role}"], 1, -1) / 255.0
    images[arrays[f"channels.{role}"] < 0] = np.nan
    return _mosaic.thumbnails(images if images.shape[-1] == 3 else images.mean(-1))


def _paint(found: Gallery, medium: Medium) -> Sheet:
    grow = medium.font / 8.4
    count = len(found.channels)
    chosen = np.unique(np.linspace(0, count - 1, min(MOST[medium.name], count)).astype(int))
    names, above = _rows.name_width(medium) * grow * 0.8, 0.42 * grow
    side = min((medium.width - names - 0.08) / len(chosen), 0.72 * grow)
    wide, tall = side * len(chosen), side * len(found.rows)
    height = tall + above + 0.05
    sheet = Sheet(medium, Drawing(figsize=(medium.width, height)))
    FigureCanvasAgg(sheet.drawing)
    panel = sheet.drawing.add_axes((names / medium.width, 0.05 / height, wide / medium.width, tall / height))
    rows = [_mosaic.Row(row.name, None if row.pictures is None else row.pictures[chosen], row.control)
            for row in found.rows]  # fmt: skip
    heads = [str(found.channels[place]) for place in chosen]
    _mosaic.draw(panel, rows, heads, medium, named=True, names=names)
    _name_layers(panel, [found.layers[place] for place in chosen], side, medium)
    return sheet


def _name_layers(panel: Axes, layers: list[str], side: float, medium: Medium) -> None:
    """Above the channels' numbers, once for all channels of a layer."""
    for layer in dict.fromkeys(layers):
        first, count = layers.index(layer), layers.count(layer)
        letters = max(int(count * side * 72 / (0.62 * medium.small)), 3)
        panel.annotate(
            cut(layer, letters), ((first + count / 2) / len(layers), 1), (0, medium.small * 2.1), va="center",
            xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=medium.small, color=MUTED,
        )  # fmt: skip
