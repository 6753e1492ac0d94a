"""Reliability diagrams: how often the networks are right when they say that they are sure."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.networks import title_of
from bench.analysis.reliability import FEWEST, INTERVALS, Diagram, diagrams
from bench.analysis.study import Study
from bench.render.figures._mosaic import anchor
from bench.render.kit.figure import Figure, Sheet, note, panels
from bench.render.kit.names import compact, cut
from bench.render.kit.style import FAINT, INK, RULE, Medium, family
from bench.render.text import captions
from bench.roles import ORIGINAL

ACROSS = {"wide": 5, "narrow": 2, "print": 5}
LEFT = 0.5  # inches of a panel's left margin
HANGING = 20.0  # pt by which names begin left of their panel, which is narrower than they are


def build(study: Study) -> list[Figure]:
    """One figure per model with answers."""
    by_model = ((model, diagrams(study, model)) for model in study.models)
    return [_figure(study, model, shown) for model, shown in by_model if shown]


def _figure(study: Study, model: str, shown: list[Diagram]) -> Figure:
    return Figure(
        anchor("reliability", model),
        f"How sure {title_of(study, model)} is, and how often it is right",
        "How often answers are right, by their confidence. On the diagonal both agree; below it the network is too "
        "sure.",
        f"Reliability diagrams of {title_of(study, model)}, one panel per network; every value is in the data file.",
        partial(_paint, study, shown),
        ("reliability", "predictions"),
        details=captions.joined(
            "Answers on the test images, in bins of equal width. Bars, on the same axis: the share of all answers in "
            f"the bin. Bins with fewer than {FEWEST} answers per seed have no point. ECE: expected calibration error. "
            "Of the methods: the one that lowers it most or raises it least, the middle one and the one that raises it "
            "most.",
            INTERVALS,
            "No tests.",
        ),
    )


def _paint(study: Study, shown: list[Diagram], medium: Medium) -> Sheet:
    across = ACROSS[medium.layout]
    sheet, axes = panels(medium, len(shown), 2.1, columns=across, left=LEFT, right=0.14, top=0.48, bottom=0.44)
    names = compact(study.plan)
    letters = int((72 * (medium.width / across - LEFT) + HANGING) / (0.66 * medium.small))
    for index, (panel, diagram) in enumerate(zip(axes, shown)):
        _frame(panel, first=index % across == 0)
        _draw(panel, diagram)
        error = diagram.error
        spread = f" ± {100 * (error.high - error.low) / 2:.1f}" if np.isfinite(error.low) else ""
        name, words = cut(names[diagram.variant.label], letters), f"ECE {100 * error.value:.1f}{spread}"
        options = {"xycoords": "axes fraction"}
        note(panel, name, (0, 1), (-HANGING, medium.small * 1.9), medium, color=INK, fontweight="bold", **options)
        note(panel, words, (0, 1), (-HANGING, medium.small * 0.7), medium, fontweight="normal", **options)
    return sheet


def _frame(panel: Axes, *, first: bool) -> None:
    panel.set_xlim(0, 102)
    panel.set_ylim(0, 102)
    panel.set_xticks([0, 50, 100])
    panel.set_yticks([0, 50, 100], ["0", "50", "100"] if first else ["", "", ""])
    panel.set_xlabel("Confidence (%)")
    if first:
        panel.set_ylabel("Accuracy (%)")
    panel.plot([0, 100], [0, 100], color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)))


def _draw(panel: Axes, diagram: Diagram) -> None:
    style = family(diagram.variant.family)
    color = INK if diagram.variant.label == ORIGINAL else style.color
    edges, answers = 100 * diagram.bins.edges, diagram.answers
    panel.bar(
        edges[:-1], 100 * answers / answers.sum(), np.diff(edges), align="edge", color=RULE, linewidth=0, zorder=0
    )
    x = 100 * diagram.confidence[diagram.drawn]
    shares = [diagram.accuracy[index] for index in diagram.drawn]
    y = [100 * share.value for share in shares]
    panel.plot(x, y, color=color, linewidth=1.1, marker=style.marker, markersize=3)
    for confidence, value, share in zip(x, y, shares):
        if np.isfinite(share.low):
            low, high = np.clip([100 * share.low, 100 * share.high], 0, 100)
            panel.plot([confidence, confidence], [min(low, value), max(high, value)], color=color, linewidth=0.8)
