"""Dead channels and effective dimension by depth."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.activations import Curve, curves
from bench.analysis.study import Study
from bench.render.figures._ends import LINES, End, name_ends
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED, RANDOM

MEASURES = {"dead": "Dead channels (%)", "dimension": "Effective dimension (%)"}
NAMES = {ORIGINAL: "original", CONTROL: "fine-tuned", OTHER_SEED: "another seed", RANDOM: "random weights"}
METHODS = 4  # a panel


def build(study: Study) -> Figure | None:
    """The figure; None where nothing was measured."""
    found = {model: own for model in study.models if (own := curves(study, model))}
    if not found:
        return None
    return Figure(
        "activation-blocks",
        "Activations by depth",
        captions.joined(
            "Share of channels that never change, and the participation ratio of the channels' covariance, at every "
            f"block. At most {METHODS} methods a panel: of more, the nearest to the original's effective dimension, "
            "the farthest and those evenly between. Grey: original and controls. Shaded: the intervals of the methods.",
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        "Line plots of dead channels and effective dimension against depth; every value is in the data file.",
        partial(_paint, study, found),
        ("activation-blocks",),
    )


def _paint(study: Study, found: dict[str, list[Curve]], medium: Medium) -> Sheet:
    wanted = [(model, measure) for model in found for measure in MEASURES]
    sheet, axes = panels(medium, len(wanted), 2.6, left=0.55, bottom=0.48, top=0.34)
    names = compact(study.plan)
    for panel, (model, measure) in zip(axes, wanted):
        shown = drawn(found[model])
        _frame(panel, len(shown[0].blocks), medium)
        title(panel, model)
        panel.set_ylabel(MEASURES[measure])
        ends = [_line(panel, curve, measure, names, place) for place, curve in enumerate(shown)]
        low, high = panel.get_ylim()
        panel.set_ylim(min(low, 0.0), max(high, 1.0))
        name_ends(panel, ends, medium)
    return sheet


def drawn(found: list[Curve]) -> list[Curve]:
    """Original and controls, and of the methods the nearest to the original, the farthest and those between."""
    original = next((_dimension(curve) for curve in found if curve.variant.label == ORIGINAL), 0.0)
    methods = [curve for curve in found if not curve.variant.control]
    methods.sort(key=lambda curve: (abs(_dimension(curve) - original), curve.variant.label))
    places = np.linspace(0, len(methods) - 1, min(len(methods), METHODS)).round().astype(int).tolist()
    return [curve for curve in found if curve.variant.label in NAMES] + [methods[place] for place in places]


def _dimension(curve: Curve) -> float:
    values = [each.value for each in curve.measures["dimension"] if np.isfinite(each.value)]
    return float(np.mean(values)) if values else 0.0


def _frame(panel: Axes, blocks: int, medium: Medium) -> None:
    last = max(blocks - 1, 1)
    panel.set_xlim(-0.05 * last, last / (1 - medium.names))
    shown = range(0, blocks, max(1, -(-blocks // 9)))
    panel.set_xticks(list(shown), [str(place + 1) for place in shown])
    panel.grid(axis="y")
    panel.set_xlabel(f"Block (1 to {blocks}, from the input)")
    panel.xaxis.label.set_x((1 - medium.names) / 2)
    panel.spines["bottom"].set_bounds(0, last)


def _line(panel: Axes, curve: Curve, measure: str, names: dict[str, str], place: int) -> End:
    found, label = curve.measures[measure], curve.variant.label
    x, y = range(len(found)), [each.value for each in found]
    known = [value for value in y if np.isfinite(value)]
    if label in NAMES:
        line = LINES[list(NAMES).index(label)]
        panel.plot(x, y, color=INK if label == ORIGINAL else FAINT, linestyle=line, linewidth=1.1)
        return End(x[-1], known[-1] if known else 0.0, NAMES[label], MUTED, italic=True)
    style = family(curve.variant.family)
    low, high = ([end if np.isfinite(end) else each.value for end, each in zip(ends, found)]
                 for ends in ([e.low for e in found], [e.high for e in found]))  # fmt: skip
    panel.fill_between(x, np.clip(low, 0, 100), np.clip(high, 0, 100), color=style.color, alpha=0.1, linewidth=0)
    panel.plot(x, y, color=style.color, linestyle=LINES[place % len(LINES)], marker=style.marker, markersize=2.8)
    return End(x[-1], known[-1] if known else 0.0, names[label], style.color)
