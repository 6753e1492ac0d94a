"""Every block of the original against every block of a variant: mean over seeds, one colour scale."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.looks import ends_and_middle
from bench.analysis.study import Study
from bench.render.kit.figure import Figure, Sheet, blank, note, picture
from bench.render.kit.names import compact, cut, in_two_lines
from bench.render.kit.style import INK, MUTED, Medium
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM


def build(study: Study) -> list[Figure]:
    """One figure per feature convention that has maps."""
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
            ),
            "Heat maps of similarity between blocks; every value is in the data file of maps.",
            partial(_paint, study, feature),
            ("maps",),
        )
        for feature in study.plan.features
        if chosen(study, feature)
    ]


def chosen(study: Study, feature: str) -> list[str]:
    """Labels of the variants that are drawn: the controls, and the nearest, the middle and the farthest method."""
    mapped = {v for (_, v, f), inside in study.insides.items() if f == feature and inside.map is not None}
    methods = [variant.label for variant in study.plan.methods if variant.label in mapped]
    methods.sort(key=lambda label: (-_similarity(study, label, feature), label))
    return [*(label for label in (CONTROL, OTHER_SEED, RANDOM) if label in mapped), *ends_and_middle(methods)]


def _similarity(study: Study, label: str, feature: str) -> float:
    """Mean over the models and seeds."""
    insides = [study.insides[m, label, feature] for m in study.models if (m, label, feature) in study.insides]
    return float(np.mean([np.nanmean(inside.mean_values) for inside in insides]))


def _paint(study: Study, feature: str, medium: Medium) -> Sheet:
    variants = chosen(study, feature)
    models = [m for m in study.models if any((m, v, feature) in study.insides for v in variants)]
    names, grow = compact(study.plan), medium.grow
    across = len(variants) if medium.columns > 1 else min(3, len(variants))
    down = -(-len(variants) // across)
    step = (medium.width - 0.75 * grow) / across
    side, tall = step - 0.12, step - 0.12 + 0.5 * grow
    sheet, panel = blank(medium, tall * down * len(models))
    sheet.cuts = tuple(tall * row for row in range(1, down * len(models)))
    # Maps of a model stand in one line, or in several if the medium is narrow; pages may end between any two lines.
    image = None
    for row, (model, part) in enumerate(product(models, range(down))):
        bottom = (down * len(models) - row - 1) * tall + 0.14 * grow
        for column, variant in enumerate(variants[part * across : (part + 1) * across]):
            inside = study.insides.get((model, variant, feature))
            if inside is None or inside.map is None:
                continue
            box = (0.3 * grow + column * step, bottom, side, side - 0.1 * grow)
            image = picture(panel, inside.map, *box, vmin=0, vmax=1, cmap="viridis")
            _frame(panel, box, len(inside.blocks), "" if column else model, names[variant], medium)
    if image is not None:
        _scale(sheet, image, medium)
    return sheet


def _frame(
    panel: Axes, box: tuple[float, float, float, float], blocks: int, model: str, name: str, medium: Medium
) -> None:
    """A map's name above it, its first and last blocks beside it, and the model at the start of a line of maps."""
    left, bottom, width, height = box
    above = in_two_lines(name, medium.letters(width + 0.12, 0))
    note(panel, above, (left, bottom + height), (0, 3), medium, ha="left", va="baseline", color=INK)
    for block in sorted({0, blocks - 1}):
        share = (block + 0.5) / blocks
        note(panel, str(block + 1), (left + share * width, bottom), (0, -2), medium, ha="center", va="top")
        if model:
            beside = (left, bottom + (1 - share) * height)
            note(panel, str(block + 1), beside, (-2, 0), medium, ha="right", va="center_baseline")
    if model:
        middle, offset = (left, bottom + height / 2), (-2 - 1.5 * medium.small, 0)
        note(panel, cut(model, 18), middle, offset, medium, ha="right", va="center", rotation=90)


def _scale(sheet: Sheet, image, medium: Medium) -> None:
    """The colour bar, at the right of all maps."""
    grow = medium.grow
    width = 0.08 * grow / medium.width
    bar = sheet.drawing.add_axes((1 - 0.36 * grow / medium.width, 0.2, width, 0.6))
    sheet.drawing.colorbar(image, cax=bar, ticks=[0, 0.5, 1])
    bar.tick_params(length=0, pad=2, labelsize=medium.small)
    bar.set_title("CKA", fontsize=medium.small, fontweight="normal", pad=4, loc="left", color=MUTED)
    bar.spines["outline"].set_visible(False)
