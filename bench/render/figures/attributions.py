"""What every network looks at: maps of the same attributions on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing

from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, _mosaic, _rows
from bench.render.kit.figure import BOLD_LETTER, Figure, Sheet
from bench.render.kit.names import compact, cut
from bench.render.kit.style import Medium
from bench.render.text import captions

SCALE = "RdBu_r"
MOST = {"wide": 6, "narrow": 3, "print": 4}  # pictures side by side
PALE = 5  # percent of the scale; what stays below looks empty


@dataclass(frozen=True)
class Gallery:
    """One model's maps: by attribution the rows, and the explained classes."""

    rows: dict[str, list[_mosaic.Row]]
    heads: tuple[str, ...]


def build(study: Study) -> list[Figure]:
    """One figure a model, for those that were explained."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return []
    galleries = ((model, gallery(looks, model)) for model in study.models)
    return [_figure(study, looks, model, found) for model, found in galleries if found.rows]


def _figure(study: Study, looks: Looks, model: str, found: Gallery) -> Figure:
    return Figure(
        _mosaic.anchor("attributions", model),
        f"What {model} looks at",
        captions.joined(
            "Attributions of the class that the original answers (above each column), on the same probe images "
            "(first row) in every row: red speaks for the class, blue against it, on one colour scale for all "
            "networks, ending at the 99th percentile of the original's absolute values on that image; a network "
            "that answers weakly is pale, and in brackets is how far up the scale it gets where that is under "
            f"{PALE}%. Of the methods: the one that agrees most with the original, the middle "
            "one and the one that agrees least.",
            f"One seed ({looks.first_seed(model)}) of n = {study.seeds}; an illustration without interval or test, see "
            "the table for all.",
            captions.version(study),
        ),
        f"Grid of attribution maps of {model}: a row a network, a column an image; every map is in the data file.",
        partial(_paint, found),
        ("attribution-maps", "explanations"),
        tools=_mosaic.TOOLS,
    )


def gallery(looks: Looks, model: str) -> Gallery:
    """The maps of the networks that are shown, of the model's first finished seed."""
    seed, found = looks.first_seed(model), attributions(looks)
    if seed is None or not found:
        return Gallery({}, ())
    shown = looks.drawn(f"{found[0]}.spearman", model)
    seen = {variant.label: looks.arrays(model, variant.label, seed) for variant in shown}
    names = compact(looks.study.plan)
    maps = {method: {label: _maps(*arrays, method) for label, arrays in seen.items()} for method in found}
    rows = {
        method: [
            _mosaic.Row(_named(names[v.label], own[v.label]), own[v.label], v.control and v.label != "original")
            for v in shown
        ]
        for method, own in maps.items()
    }
    there = {method: own for method, own in rows.items() if any(row.pictures is not None for row in own)}
    arrays = next(iter(seen.values()))[0]
    if "real" in arrays:
        image = _mosaic.Row(_gallery.REAL, _mosaic.photographs(arrays["real"]), True)
        there = {method: [image, *own] for method, own in there.items()}
    return Gallery(there, _heads(looks.study, arrays))


def _maps(arrays: Mapping[str, np.ndarray], role: str, method: str) -> np.ndarray | None:
    """(K, h, w); where feature maps are quantised, as the network computes, or else with the quantisers by-passed."""
    for name in (f"{method}.map.{role}", f"{method}.map.{role}-bypassed"):
        if name in arrays:
            return _mosaic.thumbnails(arrays[name].astype(np.float64))
    return None


def _named(name: str, maps: np.ndarray | None) -> str:
    """With how far up the scale pale maps get."""
    largest = 100.0 if maps is None else 100 * float(np.abs(maps).max(initial=0.0))
    return name if largest >= PALE else f"{name} (to {largest:.1g}%)"


def _heads(study: Study, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    if "shown" not in arrays:
        return ()
    return tuple(study.plan.data.named(each) for each in arrays["targets"][arrays["shown"]].tolist())


def _paint(found: Gallery, medium: Medium) -> Sheet:
    """Attributions side by side where there is room, under one another else."""
    grow = medium.font / 8.4
    across = min(len(found.rows), medium.columns)
    count = min(MOST[medium.layout], len(found.heads))
    rows = max(len(own) for own in found.rows.values())
    names, gap, above, below = _rows.name_width(medium) * grow * 0.8, 0.18 * grow, 0.52 * grow, 0.34 * grow
    wide = (medium.width - names - 0.08 - gap * (across - 1)) / across
    down = -(-len(found.rows) // across)
    page = float("inf") if medium.layout == "narrow" else medium.tallest  # a column of a paper holds no pictures
    room = (page - below) / down - above
    side = min(wide / count, 0.62 * grow, room / rows)
    wide, tall = side * count, side * rows
    longest = max(len(TITLES.get(method, method)) for method in found.rows)
    step = max(wide + gap, BOLD_LETTER * longest * medium.font / 72)
    height = down * (tall + above) + below
    sheet = Sheet(medium, Drawing(figsize=(medium.width, height)))
    FigureCanvasAgg(sheet.drawing)
    for place, (method, own) in enumerate(found.rows.items()):
        left = names + step * (place % across)
        bottom = height - (place // across + 1) * (tall + above)
        box = (left / medium.width, bottom / height, wide / medium.width, tall / height)
        panel = sheet.drawing.add_axes(box)
        letters = max(int(side * 72 / (0.6 * medium.small)), 2)
        heads = [cut(head, letters) if len(head) > letters else head for head in found.heads[:count]]
        named = place % across == 0
        _mosaic.draw(panel, own, heads, medium, named=named, names=names, scale=SCALE, ends=(-1, 1))
        panel.set_title(TITLES.get(method, method), pad=_mosaic.HEAD_PAD + 1.3 * medium.small + 3 * grow)
    words = ("against the class", "for the class")
    _mosaic.bar(sheet, (names, 0.11 * grow, 0.9 * grow, 0.1 * grow), SCALE, words)
    return sheet
