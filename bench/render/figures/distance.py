"""How far each variant's inside is from the original, in units of training again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.style import FAINT, INK, MUTED, Medium
from bench.render.text import captions
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate


def build(study: Study) -> Figure | None:
    """The figure; None where no other seed was compared."""
    if not any(_found(study, model, variant) for model in study.models for variant in _variants(study)):
        return None
    hollow = f"; hollow: {study.plan.features[1]}" if len(study.plan.features) > 1 else ""
    return Figure(
        "distance",
        "How far from the original",
        captions.joined(
            captions.similarity(study),
            "Seed-equivalents, (1 - A) / (1 - A of another seed), of the mean over blocks: 0 is the original, 1 is as "
            f"different as training again. Filled: {study.plan.features[0]}{hollow}. Square-root scale; an arrowhead "
            "is an interval that goes on.",
            captions.seeds(study),
            "Intervals: 95%, jackknife over seeds.",
            "Tests: see the verdicts.",
            captions.version(study),
        ),
        "Dot plot of seed-equivalents by variant; every value is in the table of similarity.",
        partial(_paint, study),
        ("similarity",),
    )


def _variants(study: Study) -> list[PlannedVariant]:
    return [v for v in study.plan.variants if v.label not in (ORIGINAL, OTHER_SEED)]


def _found(study: Study, model: str, variant: PlannedVariant) -> list[Estimate]:
    each = (study.distance(model, variant.label, feature) for feature in study.plan.features)
    return [estimate for estimate in each if estimate is not None and np.isfinite(estimate.value)]


def _paint(study: Study, medium: Medium) -> Sheet:
    models = list(study.models)
    found = {(m, v.label): _found(study, m, v) for m in models for v in _variants(study)}
    most = max((estimate.value for each in found.values() for estimate in each), default=1.0)
    rows = _ordered(study, found)
    height = _rows.height(medium, len(rows)) + 0.8
    across = min(medium.columns, len(models))
    sheet, axes = panels(medium, len(models), height, columns=across, left=0.1, top=0.32, bottom=0.45)
    names = _rows.name_width(medium) * medium.font / 8.4 / medium.width
    for place, (panel, model) in enumerate(zip(axes, models)):
        box, column = panel.get_position(), place % across
        width = (1 - names) / across
        panel.set_position((names + column * width + 0.015, box.y0, width - 0.03, box.height))
        _rows.prepare(panel, rows, medium, named=column == 0)
        title(panel, model)
        panel.set_xscale("function", functions=(_root, _square))
        panel.set_xlim(0, max(1.15, most * 1.12))
        end = max(1.15, most * 1.12)
        points = panel.get_window_extent().width / panel.figure.get_dpi() * 72 / float(np.sqrt(end))  # a unit's root
        wanted = [tick for tick in (0, 1, 0.2, 0.5, 2, 4, 8, 0.05, 16) if tick <= end]
        ticks = _rows.apart(wanted, partial(_place, points), 2.4 * medium.small)
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.axvline(1, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        panel.axvline(0, color=FAINT, linewidth=0.8)
        panel.set_xlabel("Seed-equivalents (1: trained again)")
        for row, variant in enumerate(rows):
            if not found[model, variant.label]:
                hole = study.hole(model, variant.label, "compare") or "missing"
                panel.text(0.02, row, hole, va="center", color=MUTED, fontsize=medium.small, style="italic")
        drawn = [_points(row, variant, found[model, variant.label]) for row, variant in enumerate(rows)]
        _rows.draw(sheet, panel, [point for points in drawn for point in points])
    return sheet


def _place(unit: float, tick: float) -> float:
    return unit * float(np.sqrt(tick))


def _ordered(study: Study, found: dict[tuple[str, str], list[Estimate]]) -> list[PlannedVariant]:
    """The nearest first, by the first convention's mean over the models."""

    def distance(variant: PlannedVariant) -> float:
        values = [found[model, variant.label][0].value for model in study.models if found[model, variant.label]]
        return float(np.mean(values)) if values else np.inf

    return sorted(_variants(study), key=lambda variant: (variant.label == RANDOM, distance(variant), variant.label))


def _points(row: int, variant: PlannedVariant, found: list[Estimate]) -> Iterator[_rows.Point]:
    for place, each in enumerate(reversed(found)):
        hollow = place < len(found) - 1
        shift = 0.16 * (1 if hollow else -1) if len(found) > 1 else 0.0
        low, high = (max(float(end), 0.0) if np.isfinite(end) else np.nan for end in (each.low, each.high))
        yield _rows.Point(row + shift, max(each.value, 0.0), low, high, variant, hollow)


def _root(x):
    return np.sqrt(np.maximum(x, 0))


def _square(x):
    return np.square(x)
