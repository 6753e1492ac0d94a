"""Every block of the original against every block of a variant: mean over seeds, one colour scale."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.study import Study
from bench.render.kit.figure import Figure, Sheet, blank, picture
from bench.render.kit.names import compact, cut, in_two_lines
from bench.render.kit.style import INK, MUTED, Medium
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM

METHODS = 3  # the nearest, the middle and the farthest


def build(study: Study) -> list[Figure]:
    """One figure a feature convention, for those that have maps."""
    return [
        Figure(
            f"maps-{feature}",
            f"Block against block, {feature} features",
            captions.joined(
                "Debiased linear CKA of each block of the original (rows, input at the top) to each block of a variant "
                f"(columns), {feature} features, mean over seeds, one colour scale. Shown: the controls, and of the "
                "methods the nearest to the original, the middle one and the farthest; all are in the data.",
                captions.seeds(study),
                "Intervals and tests: see the table of blocks for the diagonal; none are drawn here.",
                captions.version(study),
            ),
            "Heat maps of similarity between blocks; every value is in the data file of maps.",
            partial(_paint, study, feature),
            ("maps",),
        )
        for feature in study.plan.features
        if chosen(study, feature)
    ]


def chosen(study: Study, feature: str) -> list[str]:
    """Labels of the variants that are drawn: the controls, then the methods by distance."""
    there = {v for (_, v, f), found in study.insides.items() if f == feature and found.map is not None}
    controls = [label for label in (CONTROL, OTHER_SEED, RANDOM) if label in there]
    methods = [variant.label for variant in study.plan.methods if variant.label in there]
    ordered = sorted(methods, key=lambda label: (-_similarity(study, label, feature), label))
    places = {0, len(ordered) // 2, len(ordered) - 1} if ordered else set()
    return [*controls, *(ordered[place] for place in sorted(places))]


def _similarity(study: Study, label: str, feature: str) -> float:
    """Mean over the models and seeds."""
    found = [study.insides[m, label, feature] for m in study.models if (m, label, feature) in study.insides]
    return float(np.mean([np.nanmean(each.mean_values) for each in found]))


def _paint(study: Study, feature: str, medium: Medium) -> Sheet:
    variants = chosen(study, feature)
    models = [m for m in study.models if any((m, v, feature) in study.insides for v in variants)]
    names, grow = compact(study.plan), medium.font / 8.4
    across = len(variants) if medium.columns > 1 else min(3, len(variants))
    down = -(-len(variants) // across)
    step = (medium.width - 0.75 * grow) / across
    side, tall = step - 0.12, step - 0.12 + 0.5 * grow
    sheet, panel = blank(medium, tall * down * len(models))
    sheet.cuts = tuple(tall * row for row in range(1, down * len(models)))
    image = None
    for row, (model, part) in enumerate(product(models, range(down))):
        bottom = (down * len(models) - row - 1) * tall + 0.14 * grow
        for place, variant in enumerate(variants[part * across : (part + 1) * across]):
            found = study.insides.get((model, variant, feature))
            if found is None or found.map is None:
                continue
            box = (0.3 * grow + place * step, bottom, side, side - 0.1 * grow)
            image = picture(panel, found.map, *box, vmin=0, vmax=1, cmap="viridis")
            _frame(panel, box, len(found.blocks), "" if place else model, names[variant], medium)
    if image is not None:
        _scale(sheet, image, medium)
    return sheet


def _frame(
    panel: Axes, box: tuple[float, float, float, float], blocks: int, model: str, name: str, medium: Medium
) -> None:
    """A map's name above it, its first and last blocks beside it, and the model of a row."""
    left, bottom, width, height = box
    letters = int((width + 0.12) * 72 / medium.small / 0.6)
    _word(panel, in_two_lines(name, letters), (left, bottom + height), (0, 3), "left", "baseline", medium, INK)
    for block in sorted({0, blocks - 1}):
        share = (block + 0.5) / blocks
        _word(panel, str(block + 1), (left + share * width, bottom), (0, -2), "center", "top", medium)
        if model:
            place = (left, bottom + (1 - share) * height)
            _word(panel, str(block + 1), place, (-2, 0), "right", "center_baseline", medium)
    if model:
        place = (left, bottom + height / 2)
        panel.annotate(
            cut(model, 18), place, (-2 - 1.5 * medium.small, 0), textcoords="offset points", ha="right", va="center",
            rotation=90, fontsize=medium.small, color=MUTED,
        )  # fmt: skip


def _word(panel, text, place, offset, across, down, medium, color=MUTED) -> None:
    panel.annotate(
        text, place, offset, textcoords="offset points", ha=across, va=down, fontsize=medium.small, color=color
    )


def _scale(sheet: Sheet, image, medium: Medium) -> None:
    """The colour bar, at the right of the whole."""
    grow = medium.font / 8.4
    width = 0.08 * grow / medium.width
    bar = sheet.drawing.add_axes((1 - 0.36 * grow / medium.width, 0.2, width, 0.6))
    sheet.drawing.colorbar(image, cax=bar, ticks=[0, 0.5, 1])
    bar.tick_params(length=0, pad=2, labelsize=medium.small)
    bar.set_title("CKA", fontsize=medium.small, fontweight="normal", pad=4, loc="left", color=MUTED)
    bar.spines["outline"].set_visible(False)
