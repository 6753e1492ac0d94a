"""Reliability diagrams: how often the networks are right when they say that they are sure."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.reliability import FEWEST, INTERVALS, Diagram, diagrams
from bench.analysis.study import Study
from bench.render.figures import _mosaic
from bench.render.kit.figure import Figure, Sheet, panels
from bench.render.kit.names import compact, cut
from bench.render.kit.style import FAINT, INK, MUTED, RULE, Medium, family
from bench.render.text import captions
from bench.roles import ORIGINAL

ACROSS = {"wide": 5, "narrow": 2, "print": 5}
LEFT = 0.5  # inches of a panel's left margin
HANGING = 20.0  # pt by which names begin left of their panel, which is narrower than they are


def build(study: Study) -> list[Figure]:
    """One figure a model, for those with answers."""
    made = ((model, diagrams(study, model)) for model in study.models)
    return [_figure(study, model, found) for model, found in made if found]


def _figure(study: Study, model: str, found: list[Diagram]) -> Figure:
    return Figure(
        _mosaic.anchor("reliability", model),
        f"How sure {model} is, and how often it is right",
        captions.joined(
            "Accuracy of the answers on the test images by their confidence, in bins of equal width; on the diagonal "
            "confidence and accuracy agree, below it the network is too sure. Bars, on the same axis: share of all "
            f"answers that are in the bin. Bins with fewer than {FEWEST} answers a seed have no point. ECE: expected "
            "calibration error. Of the methods: the one that lowers it most (or raises it least), the middle one and "
            "the one that raises it most.",
            captions.seeds(study),
            INTERVALS,
            "No tests.",
            captions.version(study),
        ),
        f"Reliability diagrams of {model}, a panel a network; every value is in the data file.",
        partial(_paint, study, found),
        ("reliability", "predictions"),
    )


def _paint(study: Study, found: list[Diagram], medium: Medium) -> Sheet:
    across = ACROSS[medium.layout]
    sheet, axes = panels(medium, len(found), 2.1, columns=across, left=LEFT, right=0.14, top=0.48, bottom=0.44)
    names = compact(study.plan)
    for place, (panel, diagram) in enumerate(zip(axes, found)):
        label = diagram.variant.label
        _frame(panel, first=place % across == 0)
        _draw(panel, diagram, INK if label == ORIGINAL else family(diagram.variant.family).color)
        error = diagram.error
        spread = f" ± {100 * (error.high - error.low) / 2:.1f}" if np.isfinite(error.low) else ""
        letters = int((72 * (medium.width / across - LEFT) + HANGING) / (0.66 * medium.small))
        _head(panel, cut(names[label], letters), f"ECE {100 * error.value:.1f}{spread}", medium)
    return sheet


def _head(panel: Axes, name: str, error: str, medium: Medium) -> None:
    """Above the panel, from over its margin."""
    lines = ((name, medium.small * 1.9, INK, "bold"), (error, medium.small * 0.7, MUTED, "normal"))
    for text, above, color, weight in lines:
        panel.annotate(
            text, (0, 1), (-HANGING, above), xycoords="axes fraction", textcoords="offset points",
            fontsize=medium.small, color=color, fontweight=weight,
        )  # fmt: skip


def _frame(panel: Axes, *, first: bool) -> None:
    panel.set_xlim(0, 102)
    panel.set_ylim(0, 102)
    panel.set_xticks([0, 50, 100])
    panel.set_yticks([0, 50, 100], ["0", "50", "100"] if first else ["", "", ""])
    panel.set_xlabel("Confidence (%)")
    if first:
        panel.set_ylabel("Accuracy (%)")
    panel.plot([0, 100], [0, 100], color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)))


def _draw(panel: Axes, diagram: Diagram, color: str) -> None:
    edges, answers = 100 * diagram.bins.edges, diagram.answers
    panel.bar(
        edges[:-1], 100 * answers / answers.sum(), np.diff(edges), align="edge", color=RULE, linewidth=0, zorder=0
    )
    drawn = diagram.drawn
    x = 100 * diagram.confidence[drawn]
    found = [diagram.accuracy[place] for place in drawn]
    y = [100 * each.value for each in found]
    panel.plot(x, y, color=color, linewidth=1.1, marker=_marker(diagram), markersize=3)
    for place, value, each in zip(x, y, found):
        if np.isfinite(each.low):
            low, high = np.clip([100 * each.low, 100 * each.high], 0, 100)
            panel.plot([place, place], [min(low, value), max(high, value)], color=color, linewidth=0.8)


def _marker(diagram: Diagram) -> str:
    return family("original" if diagram.variant.label == ORIGINAL else diagram.variant.family).marker
