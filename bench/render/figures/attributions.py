"""What every network looks at: maps of the same attributions on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions, nearer_than_another_seed
from bench.analysis.looks import BYPASSED, Looks
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import _mosaic
from bench.render.figures._mosaic import Mosaic, Strip
from bench.render.kit.figure import BOLD_LETTER, Figure, Sheet, empty, inset
from bench.render.kit.names import compact, cut
from bench.render.kit.pictures import thumbnails
from bench.render.kit.style import Medium
from bench.render.text import captions

TOOLS = "looks"  # pictures of every network, of which a story shows a few
SCALE = "RdBu_r"
MOST = {"wide": 6, "narrow": 3, "print": 4}  # pictures side by side
PALE = 5  # percent of the scale; maps that stay below look empty


def build(study: Study) -> list[Figure]:
    """One figure per model that was explained."""
    looks = Looks(study, DIAGNOSTIC)
    galleries = ((model, mosaics(looks, model)) for model in study.models)
    return [_figure(looks, model, shown) for model, shown in galleries if shown]


def _figure(looks: Looks, model: str, shown: dict[str, Mosaic]) -> Figure:
    return Figure(
        _mosaic.anchor("attributions", model),
        f"What {title_of(looks.study, model)} looks at",
        "Red speaks for the class that the original answers, blue against it.",
        f"Grid of attribution maps of {title_of(looks.study, model)}: one row per network, one column per image; "
        "every map is in the data file.",
        partial(_paint, shown),
        ("attribution-maps", "explanations"),
        tools=TOOLS,
        network=model,
        finding=_finding(looks, model),
        details=_details(looks, model),
    )


def _finding(looks: Looks, model: str) -> str:
    """How many methods agree with the original more than a second training does; empty if that is unknown."""
    for attribution in attributions(looks):
        if counts := nearer_than_another_seed(looks, attribution, model):
            nearer, total = counts
            by = TITLES.get(attribution, attribution)
            if total == 1:
                more = "more" if nearer else "no more"
                return f"The one method here agrees with the original {more} than a second training does ({by})."
            agree = "agrees" if nearer == 1 else "agree"
            return f"{nearer} of {total} methods {agree} with the original more than a second training does ({by})."
    return ""


def _details(looks: Looks, model: str) -> str:
    return captions.joined(
        f"Pictures: one seed ({looks.first_seed(model)}), an illustration. One colour scale for all networks, which "
        "ends at the 99th percentile of the original's absolute values on that image. A network that answers weakly is "
        "pale; "
        f"on paper the brackets say how far up the scale it gets where that is under {PALE}%.",
        f"Numbers: rank correlation with the original's maps, mean over {looks.images} probe images, then over seeds, "
        "with the 95% interval over seeds. No tests.",
        "On paper: the methods that agree most and least, and one between.",
    )


def mosaics(looks: Looks, model: str) -> dict[str, Mosaic]:
    """By attribution the maps of the networks that are shown, from the model's first finished seed."""
    seed, methods = looks.first_seed(model), attributions(looks)
    if seed is None or not methods:
        return {}
    variants = looks.drawn(f"{methods[0]}.spearman", model)
    networks = [(variant, *looks.arrays(model, variant.label, seed)) for variant in variants]
    names, arrays = compact(looks.study.plan), networks[0][1]
    heads = _heads(looks.study, arrays)
    shown = {}
    for method in methods:
        strips = []
        for variant, own_arrays, role in networks:
            maps = _maps(own_arrays, role, method)
            strips.append(Strip.of(_named(names[variant.label], maps), variant, maps))
        if any(strip.pictures is not None for strip in strips):
            shown[method] = Mosaic([*_mosaic.originals(arrays), *strips], heads, scale=SCALE, ends=(-1, 1))
    return shown


def _maps(arrays: Mapping[str, np.ndarray], role: str, method: str) -> np.ndarray | None:
    """(K, h, w) maps of the network as it computes, or else with its quantisers of feature maps by-passed."""
    for name in (f"{method}.map.{role}", f"{method}.map.{role}{BYPASSED}"):
        if name in arrays:
            return thumbnails(arrays[name].astype(np.float64))
    return None


def _named(name: str, maps: np.ndarray | None) -> str:
    """A network's name, and how far up the scale its maps get if they are pale."""
    largest = 100.0 if maps is None else 100 * float(np.abs(maps).max(initial=0.0))
    return name if largest >= PALE else f"{name} (to {largest:.1g}%)"


def _heads(study: Study, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    if "shown" not in arrays:
        return ()
    return tuple(map(study.plan.data.named, arrays["targets"][arrays["shown"]].tolist()))


def _paint(shown: dict[str, Mosaic], medium: Medium) -> Sheet:
    """Attributions side by side as far as there is room, then below one another."""
    # Every picture is a square of one size, limited by the width of a panel, by a size that is large enough, and by
    # the height of a page. Names stand once, at the left of each line of panels. A panel's title may be wider than its
    # pictures, so that the step from panel to panel is at least the widest title.
    grow = medium.grow
    first = next(iter(shown.values()))
    across = min(len(shown), medium.columns)
    down = -(-len(shown) // across)
    count = min(MOST[medium.layout], len(first.heads))
    rows = max(len(mosaic.strips) for mosaic in shown.values())
    names, gap, above, below = _mosaic.names_width(medium), 0.18 * grow, 0.52 * grow, 0.34 * grow
    room = (medium.width - names - 0.08 - gap * (across - 1)) / across
    page = float("inf") if medium.layout == "narrow" else medium.tallest  # a column of a paper holds no pictures
    side = min(room / count, 0.62 * grow, ((page - below) / down - above) / rows)
    wide, tall = side * count, side * rows
    longest = max(len(TITLES.get(method, method)) for method in shown)
    step = max(wide + gap, BOLD_LETTER * longest * medium.font / 72)
    height = down * (tall + above) + below
    sheet = empty(medium, height)
    heads = tuple(cut(head, medium.letters(side, 2)) for head in first.heads[:count])
    for index, (method, mosaic) in enumerate(shown.items()):
        row, column = divmod(index, across)
        panel = inset(sheet, names + step * column, height - (row + 1) * (tall + above), wide, tall)
        limited = Mosaic(mosaic.strips, heads, scale=mosaic.scale, ends=mosaic.ends)
        _mosaic.draw(panel, limited, medium, named=column == 0, names=names)
        panel.set_title(TITLES.get(method, method), pad=_mosaic.HEAD_PAD + 1.3 * medium.small + 3 * grow)
    _mosaic.bar(sheet, (names, 0.11 * grow, 0.9 * grow, 0.1 * grow), SCALE, ("against the class", "for the class"))
    return sheet
