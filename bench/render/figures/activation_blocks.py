"""Dead channels and effective dimension by depth."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.activations import Curve, curves
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures._lines import LINES, End, block_axis, evenly, intervals, name_ends
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED, RANDOM

MEASURES = {"dead": "Dead channels (%)", "dimension": "Effective dimension (%)"}
NAMES = {ORIGINAL: "original", CONTROL: "fine-tuned", OTHER_SEED: "another seed", RANDOM: "random weights"}
METHODS = 4  # most in a panel


def build(study: Study) -> Figure | None:
    """The figure; None if nothing was measured."""
    by_model = {model: lines for model in study.models if (lines := curves(study, model))}
    if not by_model:
        return None
    return Figure(
        "activation-blocks",
        "Activations by depth",
        "Top: channels that never change. Bottom: over how many directions the channels spread. Grey: original and "
        "controls.",
        "Line plots of dead channels and effective dimension against depth; every value is in the data file.",
        partial(_paint, study, by_model),
        ("activation-blocks",),
        details="Effective dimension: the participation ratio of the channels' covariance. At most "
        f"{METHODS} methods per panel: of more, the nearest to the original's effective dimension, the farthest and "
        "those evenly between. Shaded: the intervals of the methods. No tests.",
    )


def _paint(study: Study, by_model: dict[str, list[Curve]], medium: Medium) -> Sheet:
    pairs = [(model, measure) for model in by_model for measure in MEASURES]
    sheet, axes = panels(medium, len(pairs), 2.6, left=0.55, bottom=0.48, top=0.34)
    names = compact(study.plan)
    for panel, (model, measure) in zip(axes, pairs):
        shown = drawn(by_model[model])
        block_axis(panel, len(shown[0].blocks), medium)
        title(panel, title_of(study, model))
        panel.set_ylabel(MEASURES[measure])
        ends = [_line(panel, curve, measure, names, index) for index, curve in enumerate(shown)]
        low, high = panel.get_ylim()
        panel.set_ylim(min(low, 0.0), max(high, 1.0))
        name_ends(panel, ends, medium)
    return sheet


def drawn(lines: list[Curve]) -> list[Curve]:
    """Original, controls, and evenly spaced methods from the nearest to the original to the farthest."""
    original = next((_dimension(curve) for curve in lines if curve.variant.label == ORIGINAL), 0.0)
    methods = [curve for curve in lines if not curve.variant.control]
    methods.sort(key=lambda curve: (abs(_dimension(curve) - original), curve.variant.label))
    return [curve for curve in lines if curve.variant.label in NAMES] + evenly(methods, METHODS)


def _dimension(curve: Curve) -> float:
    """Effective dimension, mean over blocks."""
    shares = [share.value for share in curve.measures["dimension"] if np.isfinite(share.value)]
    return float(np.mean(shares)) if shares else 0.0


def _line(panel: Axes, curve: Curve, measure: str, names: dict[str, str], index: int) -> End:
    label, (y, low, high) = curve.variant.label, intervals(curve.measures[measure])
    x = range(len(y))
    last = next((value for value in reversed(y) if np.isfinite(value)), 0.0)
    if label in NAMES:
        line = LINES[list(NAMES).index(label)]
        panel.plot(x, y, color=INK if label == ORIGINAL else FAINT, linestyle=line, linewidth=1.1)
        return End(x[-1], last, NAMES[label], MUTED, italic=True)
    style = family(curve.variant.family)
    panel.fill_between(x, np.clip(low, 0, 100), np.clip(high, 0, 100), color=style.color, alpha=0.1, linewidth=0)
    panel.plot(x, y, color=style.color, linestyle=LINES[index % len(LINES)], marker=style.marker, markersize=2.8)
    return End(x[-1], last, names[label], style.color)
