"""Every difference that a verdict is about, with its interval and margin."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis import wording
from bench.analysis.claims import Claim, claim_on, claims, claims_on
from bench.analysis.networks import title_of
from bench.analysis.outcomes import Outcome, primary
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, apart, panels, points_across
from bench.render.kit.names import cut
from bench.render.kit.style import BAD, FAINT, GOOD, INK, UNKNOWN, Medium
from bench.render.text import counts
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import CHANGED, SAME

COLORS = {CHANGED: BAD, SAME: GOOD, wording.IDENTICAL_ANSWERS: GOOD}  # all else: UNKNOWN
LETTERS = 17  # most that a verdict may have


def build(study: Study) -> Figure | None:
    """The figure; None if nothing can be tested."""
    if not claims(study):
        return None
    return Figure(
        "differences",
        "Same, changed, or can't tell",
        f"Left of 0 is {study.primary.worse}. Grey is the margin.",
        "Dot plot of differences with intervals against the equivalence margins; every row is in the verdicts.",
        partial(_paint, study),
        ("verdicts",),
        finding=counts.words(study),
        details="Line: the 95% interval. Broad band: the interval that decides the word, at the level that Holm tested "
        "at; none where words are withheld. Grey band: the margin. Linear within twice the margin, logarithmic beyond.",
    )


def _paint(study: Study, medium: Medium) -> Sheet:
    questions = _outcomes(study)
    models = [model for model in study.models if any(key[0] == model for key in claims(study))]
    variants = list(study.plan.methods)
    height = _rows.height(medium, len(variants)) + 0.75
    across = len(questions) if medium.columns > 1 else 1
    count = len(questions) * len(models)
    sheet, axes = panels(medium, count, height, columns=across, left=0.1, top=0.4, bottom=0.35)
    for index, panel in enumerate(axes):
        model, outcome = models[index // len(questions)], questions[index % len(questions)]
        _rows.shift(panel, medium, across, index % across, 0.012)
        _panel(sheet, panel, study, model, outcome, variants, first=index % across == 0)
    return sheet


def _outcomes(study: Study) -> list[Outcome]:
    """The questions that a difference answers; the inside has a figure of its own."""
    return [primary(study)]


def _panel(
    sheet: Sheet,
    panel: Axes,
    study: Study,
    model: str,
    outcome: Outcome,
    variants: list[PlannedVariant],
    *,
    first: bool,
) -> None:
    medium = sheet.medium
    _rows.prepare(panel, variants, medium, named=first, words=_words(panel, medium))
    if first:
        panel.text(
            -0.02,
            1.0,
            cut(title_of(study, model), 24),
            transform=panel.transAxes,
            ha="right",
            va="bottom",
            fontweight="bold",
            color=INK,
        )
    panel.set_title(outcome.title, fontweight="normal", fontsize=medium.small)
    _scale(panel, outcome, claims_on(study, outcome), medium)
    dots = []
    for row, variant in enumerate(variants):
        claim = claim_on(study, model, variant.label, outcome)
        if claim is None:
            word = study.hole(model, variant.label, "compare") or study.hole(model, variant.label) or "missing"
            _rows.hole(panel, row, word, medium, ha="center", color=UNKNOWN)
            continue
        difference, judged = claim.evidence.difference, claim.verdict
        color = COLORS.get(wording.word(claim), UNKNOWN)
        decides = (judged.low, judged.high, color) if np.isfinite(judged.low) else None
        dots.append(_rows.Dot(row, difference.value, difference.low, difference.high, variant, decides=decides))
        word = wording.short(claim)
        panel.text(
            1.0, row, word, transform=panel.get_yaxis_transform(), ha="right", va="center", color=color,
            fontsize=max(medium.small * 0.95, 6.0),
        )  # fmt: skip
    _rows.draw(sheet, panel, dots)


def _words(panel: Axes, medium: Medium) -> float:
    """Share of a panel's width that verdicts take."""
    return LETTERS * 0.54 * medium.small / points_across(panel)


def _scale(panel: Axes, outcome: Outcome, judged: list[Claim], medium: Medium) -> None:
    """Linear near 0, logarithmic beyond twice the margin; one scale for all models."""
    # The question is whether an interval lies within the margin, so the margin gets most of the width, while networks
    # that lost everything still fit. Limits are set where the scale is linear, in transformed coordinates: from the
    # farthest ends, then so much farther right that the verdicts take their share there, and back to data.
    margin = outcome.margin
    panel.set_xscale("symlog", linthresh=2 * margin, linscale=1.0)
    ends = [end for claim in judged for end in _ends(claim)]
    low, high = min([-2 * margin, *ends]), max([2 * margin, *ends])
    forward = panel.transScale.transform
    left, right = forward([(low, 0), (high, 0)])[:, 0]
    words = _words(panel, medium)
    right += (right - left) * words / (1 - words)
    left -= (right - left) * 0.03
    panel.set_xlim(*panel.transScale.inverted().transform([(left, 0), (right, 0)])[:, 0])

    def position(tick: float) -> float:
        return float(forward([(tick, 0)])[0, 0] - left) / (right - left) * points_across(panel)

    candidates = [
        tick for tick in (0, -margin, margin, -10 * margin, 10 * margin, -100 * margin) if low <= tick <= high
    ]
    ticks = apart(candidates, position, 2.7 * medium.small)
    panel.set_xticks(ticks, [f"{tick:+g}".replace("-", "−") if tick else "0" for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.axvspan(-margin, margin, color=INK, alpha=0.07, linewidth=0)
    panel.axvline(0, color=FAINT, linewidth=0.8)


def _ends(claim: Claim) -> list[float]:
    difference, judged = claim.evidence.difference, claim.verdict
    ends = (difference.value, difference.low, difference.high, judged.low, judged.high)
    return [float(end) for end in ends if np.isfinite(end)]
