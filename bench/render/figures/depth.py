"""Similarity to the original by depth, with the control, another seed and a random network beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.departures import BlockClaim, blocks
from bench.analysis.study import Study
from bench.render.figures._lines import LINES, End, block_axis, evenly, intervals, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact, methods
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant

BANDS = ((CONTROL, "fine-tuned"), (OTHER_SEED, "another seed"), (RANDOM, "random weights"))
FULL = 8  # most lines of a panel that several families share
TICKS = (0.0, 0.5, 0.9, 0.99, 0.999)
MOST_LINES = 12  # per family
NEAREST = 1e-3  # the least 1 - CKA that can be drawn
Curve = list[BlockClaim]
Lines = list[tuple[PlannedVariant, Curve]]


def build(study: Study) -> list[Figure]:
    """One figure per feature convention that was compared."""
    return [
        Figure(
            f"depth-{feature}",
            f"Similarity by depth, {feature} features",
            captions.joined(
                f"Debiased linear CKA of each block to the original's, {feature} features of the frozen probe set, on "
                "one scale: the log of 1 - CKA. Small families of a model share a panel. Bands: the fine-tuned "
                "control, another seed, and a random network, which is the floor. "
                f"At most {MOST_LINES} methods a family: of more, the nearest, the farthest and those evenly between.",
                captions.seeds(study),
                captions.combined_interval(study),
                "Tests by block: see the table.",
            ),
            "Line plot of similarity against depth with bands for the controls; every value is in the table of blocks.",
            partial(_paint, study, feature),
            ("blocks",),
        )
        for feature in study.plan.features
        if any(claim.feature == feature for claim in blocks(study))
    ]


def _paint(study: Study, feature: str, medium: Medium) -> Sheet:
    by_model: dict[str, dict[str, Curve]] = {model: {} for model in study.models}
    for claim in blocks(study):
        if claim.feature == feature:
            by_model[claim.model].setdefault(claim.variant, []).append(claim)
    shares = [(model, share) for model, curves in by_model.items() if curves for share in _shared(study, curves)]
    lows = (claim.similarity.low for curves in by_model.values() for curve in curves.values() for claim in curve)
    floor = min((low for low in lows if np.isfinite(low)), default=0.0)
    most = max(sum(map(len, share.values())) for _, share in shares)
    sheet, axes = panels(medium, len(shares), panel_height(most + len(BANDS)), left=0.72, bottom=0.48, top=0.36)
    for panel, (model, share) in zip(axes, shares):
        curves = by_model[model]
        title(panel, f"{model}: {_name(list(share))}")
        _frame(panel, len(next(iter(curves.values()))), floor, medium)
        ends = [*_bands(panel, {words: curves[label] for label, words in BANDS if label in curves})]
        for lines in share.values():
            ends += _lines(sheet, panel, lines, compact(study.plan))
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
    lines.sort(key=lambda line: (-float(np.mean([claim.similarity.value for claim in line[1]])), line[0].label))
    return evenly(lines, MOST_LINES)


def _height(similarity: float) -> float:
    """Position on the axis, -log10(1 - CKA)."""
    # Compressed networks lie between 0.9 and 1, where a linear axis would draw them as one line.
    return float(-np.log10(max(1.0 - similarity, NEAREST)))


def _frame(panel: Axes, blocks: int, floor: float, medium: Medium) -> None:
    block_axis(panel, blocks, medium)
    panel.set_ylim(_height(min(floor, 0.0)) - 0.1, _height(1.0) + 0.15)
    panel.set_yticks([_height(tick) for tick in TICKS], [*(f"{tick:g}" for tick in TICKS[:-1]), f"≥{TICKS[-1]:g}"])
    panel.set_ylabel("CKA to the original")


def _bands(panel: Axes, bands: dict[str, Curve]) -> Iterator[End]:
    for words, curve in bands.items():
        x, middle = _band(panel, curve, INK, 0.12)
        panel.plot(x, middle, color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)) if words == "fine-tuned" else "-")
        yield End(x[-1], middle[-1], words, MUTED, italic=True)


def _lines(sheet: Sheet, panel: Axes, lines: Lines, names: dict[str, str]) -> Iterator[End]:
    """Lines with their bands; all points of a sweep have one dash pattern."""
    sweeps = list(dict.fromkeys(methods(variant) for variant, _ in lines))
    for variant, curve in lines:
        style = family(variant.family)
        x, middle = _band(panel, curve, style.color, 0.13)
        panel.plot(
            x,
            middle,
            color=style.color,
            linestyle=LINES[sweeps.index(methods(variant)) % len(LINES)],
            marker=style.marker if len(x) < 12 else "",
            markersize=sheet.medium.font * 0.4,
        )
        yield End(x[-1], middle[-1], names[variant.label], style.color)


def _band(panel: Axes, curve: Curve, color: str, alpha: float) -> tuple[list[int], list[float]]:
    """Shade a curve's intervals; return its depths, and its values on the axis."""
    x = [claim.depth for claim in curve]
    middle, low, high = (list(map(_height, ends)) for ends in intervals([claim.similarity for claim in curve]))
    panel.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0)
    return x, middle
