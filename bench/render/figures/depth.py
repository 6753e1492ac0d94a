"""Similarity to the original by depth, with the control, another seed and a random network beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.departures import BlockClaim, blocks
from bench.analysis.study import Study
from bench.render.figures._ends import LINES, End, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact, methods
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant

BANDS = ((CONTROL, "fine-tuned"), (OTHER_SEED, "another seed"), (RANDOM, "random weights"))
FULL = 8  # lines from which the next family gets a panel of its own
TICKS = (0.0, 0.5, 0.9, 0.99, 0.999)
MOST_LINES = 12  # a family
NEAREST = 1e-3  # the least 1 - CKA that can be drawn
Curve = list[BlockClaim]
Lines = list[tuple[PlannedVariant, Curve]]


def build(study: Study) -> list[Figure]:
    """One figure a feature convention, for those that were compared."""
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
                captions.version(study),
            ),
            "Line plot of similarity against depth with bands for the controls; every value is in the table of blocks.",
            partial(_paint, study, feature),
            ("blocks",),
        )
        for feature in study.plan.features
        if any(claim.feature == feature for claim in blocks(study))
    ]


def _paint(study: Study, feature: str, medium: Medium) -> Sheet:
    curves: dict[tuple[str, str], Curve] = {}
    for claim in blocks(study):
        if claim.feature == feature:
            curves.setdefault((claim.model, claim.variant), []).append(claim)
    models = [model for model in study.models if any(model == each for each, _ in curves)]
    shares = [(model, share) for model in models for share in _shared(study, curves, model)]
    floor = min(
        (claim.similarity.low for each in curves.values() for claim in each if np.isfinite(claim.similarity.low)),
        default=0.0,
    )
    most = max(sum(map(len, share.values())) for _, share in shares)
    sheet, axes = panels(medium, len(shares), panel_height(most + len(BANDS)), left=0.72, bottom=0.48, top=0.36)
    for panel, (model, share) in zip(axes, shares):
        bands = {words: curves[model, label] for label, words in BANDS if (model, label) in curves}
        title(panel, f"{model}: {_name(list(share))}")
        _frame(panel, next(curve for (which, _), curve in curves.items() if which == model), floor, medium)
        ends = [*_bands(panel, bands)]
        for lines in share.values():
            ends += _lines(sheet, panel, lines, compact(study.plan))
        name_ends(panel, ends, medium)
    return sheet


def _name(families: list[str]) -> str:
    """Of a panel."""
    if len(families) > 2:
        return f"{len(families)} families"
    return ", ".join(families) or "controls"


def _shared(study: Study, curves: dict[tuple[str, str], Curve], model: str) -> list[dict[str, Lines]]:
    """A model's families, those that follow one another together as long as there is room; one without any if so."""
    found: list[dict[str, Lines]] = [{}]
    for name in dict.fromkeys(variant.family for variant in study.plan.methods):
        lines = _chosen(study, curves, model, name)
        if found[-1] and len(lines) + sum(map(len, found[-1].values())) > FULL:
            found.append({})
        found[-1] |= {name: lines} if lines else {}
    return found


def _chosen(study: Study, curves: dict[tuple[str, str], Curve], model: str, name: str) -> Lines:
    """A family's curves; of many, the nearest, the farthest and those evenly between."""
    own = [
        (study.plan.variant(label), curve)
        for (which, label), curve in curves.items()
        if which == model and study.plan.variant(label).family == name and label not in dict(BANDS)
    ]
    own.sort(key=lambda each: (-float(np.mean([claim.similarity.value for claim in each[1]])), each[0].label))
    places = np.linspace(0, len(own) - 1, min(len(own), MOST_LINES)).round().astype(int).tolist()
    return [own[place] for place in places]


def _height(similarity: float) -> float:
    """Place on the axis: the log of what is missing to 1, upside down."""
    return float(-np.log10(max(1.0 - similarity, NEAREST)))


def _frame(panel: Axes, curve: Curve, floor: float, medium: Medium) -> None:
    names = [claim.block for claim in curve]
    last = len(names) - 1
    panel.set_xlim(-0.05 * max(last, 1), max(last, 1) / (1 - medium.names))
    low = _height(min(floor, 0.0)) - 0.1
    panel.set_ylim(low, _height(1.0) + 0.15)
    panel.set_yticks([_height(tick) for tick in TICKS], [*(f"{tick:g}" for tick in TICKS[:-1]), f"≥{TICKS[-1]:g}"])
    step = max(1, -(-len(names) // 9))
    shown = range(0, len(names), step)
    panel.set_xticks(list(shown), [str(place + 1) for place in shown])
    panel.grid(axis="y")
    panel.set_xlabel(f"Block (1 to {len(names)}, from the input)")
    panel.xaxis.label.set_x((1 - medium.names) / 2)
    panel.set_ylabel("CKA to the original")
    panel.spines["bottom"].set_bounds(0, max(last, 1))


def _bands(panel: Axes, bands: dict[str, Curve]) -> Iterator[End]:
    for words, curve in bands.items():
        x, middle, low, high = _drawn(curve)
        panel.fill_between(x, low, high, color=INK, alpha=0.12, linewidth=0)
        panel.plot(x, middle, color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)) if words == "fine-tuned" else "-")
        yield End(x[-1], middle[-1], words, MUTED, italic=True)


def _lines(sheet: Sheet, panel: Axes, own: Lines, names: dict[str, str]) -> Iterator[End]:
    kinds = list(dict.fromkeys(methods(variant) for variant, _ in own))
    for variant, curve in own:
        style, (x, middle, low, high) = family(variant.family), _drawn(curve)
        panel.fill_between(x, low, high, color=style.color, alpha=0.13, linewidth=0)
        panel.plot(
            x,
            middle,
            color=style.color,
            linestyle=LINES[kinds.index(methods(variant)) % len(LINES)],
            marker=style.marker if len(x) < 12 else "",
            markersize=sheet.medium.font * 0.4,
        )
        yield End(x[-1], middle[-1], names[variant.label], style.color)


def _drawn(curve: Curve) -> tuple[list[int], list[float], list[float], list[float]]:
    """Depths, and on the axis the values and the ends of their intervals (the value where there is none)."""
    found = [claim.similarity for claim in curve]
    ends = ([e.low for e in found], [e.high for e in found])
    low, high = ([_height(end if np.isfinite(end) else e.value) for end, e in zip(side, found)] for side in ends)
    return [claim.depth for claim in curve], [_height(e.value) for e in found], low, high
