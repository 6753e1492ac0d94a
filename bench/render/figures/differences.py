"""Every difference that a verdict is about, with its interval and margin."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.claims import Claim, claim_on, claims, claims_on
from bench.analysis.outcomes import Outcome, inside, primary, primary_beyond_control
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, panels
from bench.render.kit.names import cut
from bench.render.kit.style import BAD, FAINT, GOOD, INK, UNKNOWN, Medium
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import DIFFERENT, EQUIVALENT, INCONCLUSIVE

WORDS = {DIFFERENT: ("different", BAD), EQUIVALENT: ("equivalent", GOOD), INCONCLUSIVE: ("can't tell", UNKNOWN)}
SMALL = ("within margin", GOOD)
LETTERS = 14  # that the words may have


def build(study: Study) -> Figure | None:
    """The figure; None where nothing can be tested."""
    if not claims(study):
        return None
    return Figure(
        "differences",
        "Same, different, or can't tell",
        captions.joined(
            "Mean difference of each compressed network to what it is compared with; grey band: the margin within "
            "which a difference does not matter. Left of 0 is less accurate, or less similar to the original than "
            "after fine-tuning alone. Linear within twice the margin, logarithmic beyond. Words: verdicts after "
            "correction; within margin: different, by less than matters.",
            captions.margins(study),
            captions.seeds(study),
            "Intervals: 95%.",
            captions.family(study),
            captions.version(study),
        ),
        "Dot plot of differences with intervals against the equivalence margins; every row is in the verdicts.",
        partial(_paint, study),
        ("verdicts",),
    )


def _paint(study: Study, medium: Medium) -> Sheet:
    questions = _outcomes(study, medium)
    models = [model for model in study.models if any(key[0] == model for key in claims(study))]
    rows = list(study.plan.methods)
    height = _rows.height(medium, len(rows)) + 0.75
    left = _rows.name_width(medium)
    across = len(questions) if medium.columns > 1 else 1
    count = len(questions) * len(models)
    sheet, axes = panels(medium, count, height, columns=across, left=0.1, top=0.4, bottom=0.35)
    for place, panel in enumerate(axes):
        model, outcome = models[place // len(questions)], questions[place % len(questions)]
        _shift(panel, left * medium.font / 8.4 / medium.width, across, place % across)
        _panel(sheet, panel, study, model, outcome, rows, first=place % across == 0)
    return sheet


def _outcomes(study: Study, medium: Medium) -> list[Outcome]:
    """The primary outcome and the inside by the first feature convention; the others are in the table."""
    beyond = [primary_beyond_control(study)] if medium.ems > 70 else []
    return [primary(study), *beyond, inside(study)]


def _shift(panel: Axes, names: float, across: int, column: int) -> None:
    """Make room for the names left of the first column."""
    box = panel.get_position()
    width = (1 - names) / across
    panel.set_position((names + column * width + 0.012, box.y0, width - 0.024, box.height))


def _panel(
    sheet: Sheet, panel: Axes, study: Study, model: str, outcome: Outcome, rows: list[PlannedVariant], *, first: bool
) -> None:
    judged = [claim_on(study, model, variant.label, outcome) for variant in rows]
    _rows.prepare(panel, rows, sheet.medium, named=first, words=_words(panel, sheet.medium))
    if first:
        panel.text(
            -0.02, 1.0, cut(model, 24), transform=panel.transAxes, ha="right", va="bottom", fontweight="bold", color=INK
        )
    panel.set_title(f"{outcome.title}", fontweight="normal", fontsize=sheet.medium.small)
    _scale(panel, outcome, claims_on(study, outcome), sheet.medium)
    points = []
    for place, (variant, claim) in enumerate(zip(rows, judged)):
        if claim is None:
            hole = study.hole(model, variant.label, "compare") or study.hole(model, variant.label) or "missing"
            panel.text(
                0, place, hole, ha="center", va="center", color=UNKNOWN, fontsize=sheet.medium.small, style="italic"
            )
            continue
        found = claim.evidence.difference
        points.append(_rows.Point(place, found.value, found.low, found.high, variant))
        word, color = WORDS.get(claim.verdict.word, SMALL)
        panel.text(
            1.0, place, word, transform=panel.get_yaxis_transform(), ha="right", va="center", color=color,
            fontsize=max(sheet.medium.small * 0.95, 6.0),
        )  # fmt: skip
    _rows.draw(sheet, panel, points)


def _words(panel: Axes, medium: Medium) -> float:
    """Share of a panel's width that verdicts take."""
    return LETTERS * 0.54 * medium.small / _width(panel)


def _width(panel: Axes) -> float:
    """In pt."""
    return panel.get_window_extent().width / panel.figure.get_dpi() * 72


def _scale(panel: Axes, outcome: Outcome, judged: list[Claim], medium: Medium) -> None:
    """Linear near 0, logarithmic beyond twice the margin, with room for the words at the right; one for all models."""
    margin = outcome.margin
    panel.set_xscale("symlog", linthresh=2 * margin, linscale=1.0)
    ends = [end for claim in judged for end in _ends(claim)]
    low, high = min([-2 * margin, *ends]), max([2 * margin, *ends])
    forward = panel.transScale.transform
    a, b = forward([(low, 0), (high, 0)])[:, 0]
    words = _words(panel, medium)
    b += (b - a) * words / (1 - words)
    a -= (b - a) * 0.03
    edges = panel.transScale.inverted().transform([(a, 0), (b, 0)])[:, 0]
    panel.set_xlim(*edges)
    wanted = [tick for tick in (0, -margin, margin, -10 * margin, 10 * margin, -100 * margin) if low <= tick <= high]
    ticks = _rows.apart(
        wanted, lambda tick: float(forward([(tick, 0)])[0, 0] - a) / (b - a) * _width(panel), 2.7 * medium.small
    )
    panel.set_xticks(ticks, [f"{tick:+g}".replace("-", "−") if tick else "0" for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.axvspan(-margin, margin, color=INK, alpha=0.07, linewidth=0)
    panel.axvline(0, color=FAINT, linewidth=0.8)


def _ends(claim: Claim) -> list[float]:
    found = claim.evidence.difference
    return [float(end) for end in (found.value, found.low, found.high) if np.isfinite(end)]
