"""Every block of the original against every block of a variant: mean over seeds, one colour scale."""

from __future__ import annotations

import textwrap
from functools import partial

import numpy as np

from bench.render import captions
from bench.render.figure import Figure, Sheet, panels
from bench.render.names import compact, cut
from bench.render.study import CONTROL, OTHER_SEED, RANDOM, Study
from bench.render.style import MUTED, Medium

SECTION, ORDER = "inside", 50
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
    across = len(variants) if medium.columns > 1 else min(3, len(variants))
    down = -(-len(variants) // across)
    side = (medium.width - 0.75 * medium.font / 8.4) / across
    height = (side - 0.12) / (medium.font / 8.4) + 0.5
    sheet, axes = panels(
        medium, across * down * len(models), height, columns=across, left=0.1, right=0.02, top=0.48, bottom=0.12
    )
    left = 0.3 * medium.font / 8.4 / medium.width
    image, names = None, compact(study.plan)
    for place, panel in enumerate(axes):
        model, which = models[place // (across * down)], place % (across * down)
        box = panel.get_position()
        panel.set_position(
            (left + (place % across) * side / medium.width, box.y0, (side - 0.12) / medium.width, box.height)
        )
        found = study.insides.get((model, variants[which], feature)) if which < len(variants) else None
        if found is None or found.map is None:
            panel.set_axis_off()
            continue
        image = panel.imshow(found.map, vmin=0, vmax=1, cmap="viridis", interpolation="none", aspect="auto")
        _frame(panel, len(found.blocks), model if place % across == 0 else "", medium)
        title = names[variants[which]]
        wrapped = "\n".join(textwrap.wrap(title, int(side * 72 / medium.small / 0.6), max_lines=2, placeholder="…"))
        panel.set_title(wrapped, fontsize=medium.small, fontweight="normal", pad=3)
    if image is not None:
        _scale(sheet, image, medium)
    return sheet


def _frame(panel, blocks: int, model: str, medium: Medium) -> None:
    ends = sorted({0, blocks - 1})
    panel.set_xticks(ends, [str(end + 1) for end in ends])
    panel.set_yticks(ends, [str(end + 1) for end in ends] if model else [])
    panel.tick_params(length=0, pad=2)
    if model:
        panel.set_ylabel(cut(model, 18), labelpad=0, fontsize=medium.small, color=MUTED)
    for spine in panel.spines.values():
        spine.set_visible(False)


def _scale(sheet: Sheet, image, medium: Medium) -> None:
    """The colour bar, at the right of the whole."""
    grow = medium.font / 8.4
    width = 0.08 * grow / medium.width
    bar = sheet.drawing.add_axes((1 - 0.36 * grow / medium.width, 0.2, width, 0.6))
    sheet.drawing.colorbar(image, cax=bar, ticks=[0, 0.5, 1])
    bar.tick_params(length=0, pad=2, labelsize=medium.small)
    bar.set_title("CKA", fontsize=medium.small, fontweight="normal", pad=4, loc="left", color=MUTED)
    bar.spines["outline"].set_visible(False)
