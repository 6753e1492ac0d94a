"""How much more accuracy every variant loses on corrupted images than the original."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.style import FAINT, MUTED, Medium
from bench.render.text import captions
from bench.roles import ORIGINAL, RANDOM
from bench.runner.plan_file import PlannedVariant


def build(study: Study) -> Figure | None:
    """The figure; None where no image was corrupted."""
    looks = Looks(study, "corruptions")
    if not looks:
        return None
    return Figure(
        "fragility",
        "Lost on corrupted images",
        captions.joined(
            "Accuracy on clean images less that on corrupted ones (mean over noise, blur, contrast, brightness and "
            "JPEG at five strengths), less the same loss of the original: right of 0 is more fragile. Random weights "
            "have nothing to lose and are left out.",
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        "Dot plot of the additional loss of accuracy on corrupted images by variant; every value is in the table.",
        partial(_paint, looks),
        ("corruptions",),
    )


def _paint(looks: Looks, medium: Medium) -> Sheet:
    models, rows = list(looks.study.models), _variants(looks)
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
        panel.axvline(0, color=FAINT, linewidth=0.8)
        panel.set_xlabel("Loss beyond the original's (points)")
        losses = [looks.difference("loss", model, variant.label, ORIGINAL) for variant in rows]
        for row, (variant, loss) in enumerate(zip(rows, losses)):
            if not np.isfinite(loss.value):
                hole = looks.hole(model, variant.label) or "none"
                panel.text(0, row, hole, va="center", color=MUTED, fontsize=medium.small, style="italic")
        _rows.draw(sheet, panel, [
            _rows.Point(row, 100 * loss.value, 100 * loss.low, 100 * loss.high, variant)
            for row, (variant, loss) in enumerate(zip(rows, losses)) if np.isfinite(loss.value)
        ])  # fmt: skip
    ends = [end for panel in axes for end in panel.get_xlim()]
    for panel in axes:
        panel.set_xlim(min(ends), max(ends))
    return sheet


def _variants(looks: Looks) -> list[PlannedVariant]:
    shown = [variant for variant in looks.variants if variant.label not in (ORIGINAL, RANDOM)]
    return sorted(shown, key=lambda variant: variant.control)
