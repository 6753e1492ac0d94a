"""Every further measure by depth, with the control, another seed and a random network beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.departures import blocks
from bench.analysis.distances import measures
from bench.analysis.inside import CROSS_PROBE, first_scaled, yardstick
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.figures._depth import Curve, Scale
from bench.render.figures._lines import LINES, End, block_axis, evenly, intervals, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact, key_of, methods
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.roles import CONTROL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant

BANDS = ((CONTROL, "fine-tuned"), (OTHER_SEED, "another seed"), (RANDOM, "random weights"))
FULL = 8  # most lines of a panel that several families share
MOST_LINES = 12  # per family
Lines = list[tuple[PlannedVariant, Curve]]


def build(study: Study) -> list[Figure]:
    """One figure per measure, but for the first, whose figure is of the story in every convention of features."""
    first = first_scaled(study.plan)
    pairs = [(study.plan.features[0], name) for name in measures(study) if name != first]
    return [
        Figure(
            f"depth-{feature}-{key_of(name)}",
            f"{measure_title(study, name)} by depth, {feature} features",
            f"{measure_title(study, name)} of each block to the original's, from the input on. Bands: the controls, "
            "with a random network as the floor.",
            "Line plot of a measure against depth with bands for the controls; every value is in the table of blocks.",
            partial(_paint, study, feature, name),
            ("blocks",),
            details=f"{feature.capitalize()} features, {_axis(name)}. Small families of a network share a panel. "
            f"Bands: the fine-tuned control, another seed, and a random network. At most {MOST_LINES} methods per "
            "family: of more, the nearest, the farthest and those evenly between. Intervals cover seeds and probe "
            "images. Tests by block: see the table.",
        )
        for feature, name in pairs
        if (study.plan.task.classifies or name != CROSS_PROBE) and _claims(study, feature, name)
    ]


def _claims(study: Study, feature: str, name: str) -> Curve:
    """What was measured; a measure that could compare no block has no figure, and the table of such blocks says why."""
    return [
        claim
        for claim in blocks(study)
        if (claim.feature, claim.measure) == (feature, name) and np.isfinite(claim.value.value)
    ]


def _axis(name: str) -> str:
    if name == CROSS_PROBE:
        return "in points that a probe of the original's block loses"
    return "its own scale drawn by the log of the distance from equal insides"


def _paint(study: Study, feature: str, name: str, medium: Medium) -> Sheet:
    by_model: dict[str, dict[str, Curve]] = {model: {} for model in study.models}
    for claim in _claims(study, feature, name):
        by_model[claim.model].setdefault(claim.variant, []).append(claim)
    shares = [(model, share) for model, curves in by_model.items() if curves for share in _shared(study, curves)]
    scale = Scale.of(
        yardstick(study.plan, name),
        name == CROSS_PROBE,
        [claim for curves in by_model.values() for curve in curves.values() for claim in curve],
    )
    most = max(sum(map(len, share.values())) for _, share in shares)
    sheet, axes = panels(medium, len(shares), panel_height(most + len(BANDS)), left=0.72, bottom=0.48, top=0.36)
    for panel, (model, share) in zip(axes, shares):
        curves = by_model[model]
        title(panel, f"{title_of(study, model)}: {_name(list(share))}")
        block_axis(panel, 1 + max(claim.depth for curve in curves.values() for claim in curve), medium)
        scale.frame(panel)
        ends = [*_bands(panel, scale, {words: curves[label] for label, words in BANDS if label in curves})]
        for lines in share.values():
            ends += _lines(sheet, panel, scale, lines, compact(study.plan))
        name_ends(panel, ends, medium)
    return sheet


def _name(families: list[str]) -> str:
    """Title of a panel."""
    if len(families) > 2:
        return f"{len(families)} families"
    return ", ".join(families) or "controls"


def _shared(study: Study, curves: dict[str, Curve]) -> list[dict[str, Lines]]:
    """Group consecutive families into panels of at most `FULL` lines; a single empty one if no method was compared."""
    # First fit in the plan's order: a family stays whole, and one that no longer fits opens the next panel. So a large
    # family has a panel of its own, and small ones do not leave panels nearly empty.
    shares: list[dict[str, Lines]] = [{}]
    for name in dict.fromkeys(variant.family for variant in study.plan.methods):
        lines = _chosen(study, curves, name)
        if shares[-1] and len(lines) + sum(map(len, shares[-1].values())) > FULL:
            shares.append({})
        shares[-1] |= {name: lines} if lines else {}
    return shares


def _chosen(study: Study, curves: dict[str, Curve], name: str) -> Lines:
    """A family's curves; if there are many, evenly spaced ones from the nearest to the original to the farthest."""
    variants = {label: study.plan.variant(label) for label in curves if label not in dict(BANDS)}
    lines = [(variant, curves[label]) for label, variant in variants.items() if variant.family == name]
    lines.sort(key=lambda line: (np.mean([claim.distance.value for claim in line[1]]), line[0].label))
    return evenly(lines, MOST_LINES)


def _bands(panel: Axes, scale: Scale, bands: dict[str, Curve]) -> Iterator[End]:
    for words, curve in bands.items():
        x, middle = _band(panel, scale, curve, INK, 0.12)
        panel.plot(x, middle, color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)) if words == "fine-tuned" else "-")
        yield End(x[-1], middle[-1], words, MUTED, italic=True)


def _lines(sheet: Sheet, panel: Axes, scale: Scale, lines: Lines, names: dict[str, str]) -> Iterator[End]:
    """Lines with their bands; all points of a sweep have one dash pattern."""
    sweeps = list(dict.fromkeys(methods(variant) for variant, _ in lines))
    for variant, curve in lines:
        style = family(variant.family)
        x, middle = _band(panel, scale, curve, style.color, 0.13)
        panel.plot(
            x,
            middle,
            color=style.color,
            linestyle=LINES[sweeps.index(methods(variant)) % len(LINES)],
            marker=style.marker if len(x) < 12 else "",
            markersize=sheet.medium.font * 0.4,
        )
        yield End(x[-1], middle[-1], names[variant.label], style.color)


def _band(panel: Axes, scale: Scale, curve: Curve, color: str, alpha: float) -> tuple[list[int], list[float]]:
    """Shade a curve's intervals; return its depths, and its values on the axis."""
    x = [claim.depth for claim in curve]
    middle, low, high = (list(map(scale.height, ends)) for ends in intervals([claim.value for claim in curve]))
    panel.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0)
    return x, middle
