"""How far each variant's inside is from the original, in units of training again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.analysis.distances import distance, measures
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.sameness import nonnegative
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, apart, points_across
from bench.render.kit.style import FAINT, INK, Medium
from bench.render.text import captions
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate


def build(study: Study) -> Figure | None:
    """The figure; None if no other seed was compared."""
    if not any(_distances(study, model, variant) for model in study.models for variant in _variants(study)):
        return None
    shown = _shown(study)
    hollow = f"; hollow: {measure_title(study, shown[1])}" if len(shown) > 1 else ""
    return Figure(
        "distance",
        "How far from the original",
        captions.joined(
            "Seed-equivalents of the mean over blocks: 0 is the original, 1 is as different as training again, the "
            f"dotted line is the margin. Filled: {measure_title(study, shown[0])}{hollow}; {study.plan.features[0]} "
            "features. Square-root scale; an arrowhead is an interval that goes on.",
            captions.inside_margins(study),
            captions.seeds(study),
            captions.scaled_interval(study),
            "Tests stand on the distance beyond the reference's: see the words on the inside.",
        ),
        "Dot plot of seed-equivalents by variant; every value is in the table of the inside by every measure.",
        partial(_paint, study),
        ("similarity",),
    )


def _shown(study: Study) -> list[str]:
    """The measures that are drawn: those that decide and have a scale, at most two."""
    return [name for name in study.plan.similarity.inside if name != CROSS_PROBE and name in measures(study)][:2]


def _variants(study: Study) -> list[PlannedVariant]:
    return [v for v in study.plan.variants if v.label not in (ORIGINAL, OTHER_SEED)]


def _distances(study: Study, model: str, variant: PlannedVariant) -> list[Estimate]:
    """One estimate per measure that has any."""
    several = (distance(study, model, variant.label, study.plan.features[0], name) for name in _shown(study))
    found = (nonnegative(one.overall.ratio(study.plan.margins.inside)) for one in several if one is not None)
    return [one for one in found if np.isfinite(one.value)]


def _paint(study: Study, medium: Medium) -> Sheet:
    distances = {(m, v.label): _distances(study, m, v) for m in study.models for v in _variants(study)}
    farthest = max((one.value for several in distances.values() for one in several), default=1.0)
    variants, end = _ordered(study, distances), max(1.15, farthest * 1.12)
    sheet, axes = _rows.panels(medium, variants, study.models)
    for panel, model in zip(axes, study.models):
        # Square roots, since most networks are near 0 and the random floor is far from 1: a linear scale would crowd
        # the first, and a logarithmic one has no 0.
        panel.set_xscale("function", functions=(_root, np.square))
        panel.set_xlim(0, end)
        unit = points_across(panel) / float(np.sqrt(end))
        candidates = [tick for tick in (0, 1, 0.2, 0.5, 2, 4, 8, 0.05, 16) if tick <= end]
        ticks = apart(candidates, partial(_position, unit), 2.4 * medium.small)
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.axvline(1, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        panel.axvline(0, color=FAINT, linewidth=0.8)
        panel.axvline(study.plan.margins.inside, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
        panel.set_xlabel("Seed-equivalents (1: trained again)")
        dots: list[_rows.Dot] = []
        for row, variant in enumerate(variants):
            if not distances[model, variant.label]:
                _rows.hole(panel, row, study.hole(model, variant.label, "compare") or "missing", medium, x=0.02)
            dots += _dots(row, variant, distances[model, variant.label])
        _rows.draw(sheet, panel, dots)
    return sheet


def _position(unit: float, tick: float) -> float:
    return unit * float(np.sqrt(tick))


def _root(x):
    return np.sqrt(np.maximum(x, 0))


def _ordered(study: Study, distances: dict[tuple[str, str], list[Estimate]]) -> list[PlannedVariant]:
    """The nearest first, by the first measure's mean over the models; random weights last."""

    def farness(variant: PlannedVariant) -> float:
        values = [several[0].value for model in study.models if (several := distances[model, variant.label])]
        return float(np.mean(values)) if values else np.inf

    return sorted(_variants(study), key=lambda variant: (variant.label == RANDOM, farness(variant), variant.label))


def _dots(row: int, variant: PlannedVariant, distances: list[Estimate]) -> Iterator[_rows.Dot]:
    """The first measure filled and a little above the other, which is hollow."""
    for index, one in enumerate(reversed(distances)):
        hollow = index < len(distances) - 1
        shift = 0.16 * (1 if hollow else -1) if len(distances) > 1 else 0.0
        low, high = (max(float(end), 0.0) if np.isfinite(end) else np.nan for end in (one.low, one.high))
        yield _rows.Dot(row + shift, max(one.value, 0.0), low, high, variant, hollow)
