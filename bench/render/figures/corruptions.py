"""How much more accuracy every variant loses on corrupted images than the original."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet
from bench.render.kit.style import FAINT, Medium
from bench.roles import ORIGINAL, RANDOM


def build(study: Study) -> Figure | None:
    """The figure; None if no image was corrupted."""
    looks = Looks(study, "corruptions")
    if not looks:
        return None
    return Figure(
        "fragility",
        "Lost on corrupted images",
        "What corruption costs each network, less what it costs the original. Right of 0 is more fragile.",
        "Dot plot of the additional loss of accuracy on corrupted images by variant; every value is in the table.",
        partial(_paint, looks),
        ("corruptions",),
        details="Cost: accuracy on clean images less that on corrupted ones, mean over noise, blur, contrast, "
        "brightness and JPEG at five strengths. Random weights are left out: nothing makes them worse. No tests.",
    )


def _paint(looks: Looks, medium: Medium) -> Sheet:
    shown = [variant for variant in looks.variants if variant.label not in (ORIGINAL, RANDOM)]
    variants = sorted(shown, key=lambda variant: variant.control)
    sheet, axes = _rows.panels(medium, variants, [title_of(looks.study, model) for model in looks.study.models])
    for panel, model in zip(axes, looks.study.models):
        panel.axvline(0, color=FAINT, linewidth=0.8)
        panel.set_xlabel("Loss beyond the original's (points)")
        dots = []
        for row, variant in enumerate(variants):
            loss = looks.difference("loss", model, variant.label, ORIGINAL)
            if np.isfinite(loss.value):
                dots.append(_rows.Dot(row, 100 * loss.value, 100 * loss.low, 100 * loss.high, variant))
            else:
                _rows.hole(panel, row, looks.hole(model, variant.label) or "none", medium)
        _rows.draw(sheet, panel, dots)
    ends = [end for panel in axes for end in panel.get_xlim()]
    for panel in axes:
        panel.set_xlim(min(ends), max(ends))
    return sheet
