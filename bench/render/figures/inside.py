"""The distance of every inside beyond its reference's by each measure that decides, with the margin and the words."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.sameness import MeasureClaim, inside_claim, inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import measure_title, measure_word
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, apart, panels, points_across
from bench.render.kit.names import cut, short
from bench.render.kit.style import BAD, FAINT, GOOD, INK, UNKNOWN, Medium
from bench.render.text import captions
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME

COLORS = {CHANGED: BAD, SAME: GOOD, CANT_TELL: UNKNOWN, None: UNKNOWN}
LETTERS = 17  # most that a word may have


def build(study: Study) -> Figure | None:
    """The figure; None if nothing was compared."""
    if not inside_claims(study):
        return None
    return Figure(
        "inside-words",
        "The inside: same, changed, or can't tell",
        captions.joined(
            "Distance of each inside beyond its reference's, by each measure that decides. Intervals are those that "
            "decide: left of the dotted margin is same, right of it changed; none if no word is given. Linear "
            "within twice the margin, logarithmic beyond.",
            captions.inside_rule(study),
            captions.inside_margins(study),
            captions.seeds(study),
            captions.inside_family(study),
        ),
        "Dot plot of distances beyond the reference's with intervals and margin; every row is in the table of words.",
        partial(_paint, study),
        ("inside",),
    )


def _paint(study: Study, medium: Medium) -> Sheet:
    names = [name for name in study.plan.similarity.inside if _claims(study, name)]
    models = [model for model in study.models if any(key[0] == model for key in inside_claims(study))]
    names = names or list(study.plan.similarity.inside)[:1]
    variants = list(study.plan.methods)
    height = _rows.height(medium, len(variants)) + 0.75
    across = len(names) if medium.columns > 1 else 1
    sheet, axes = panels(medium, len(names) * len(models), height, columns=across, left=0.1, top=0.4, bottom=0.35)
    for index, (panel, (model, name)) in enumerate(zip(axes, product(models, names))):
        first = index % across == 0
        _rows.shift(panel, medium, across, index % across, 0.012)
        _rows.prepare(panel, variants, medium, named=first, words=_words(panel, medium))
        if first:
            panel.text(
                -0.02, 1.0, cut(model, 24), transform=panel.transAxes, ha="right", va="bottom", fontweight="bold",
                color=INK,
            )  # fmt: skip
        unit = captions.unit_of(name)
        panel.set_title(f"{short(measure_title(study, name))} ({unit})", fontweight="normal", fontsize=medium.small)
        _scale(panel, _claims(study, name), medium)
        _rows.draw(sheet, panel, _dots(study, panel, model, name, medium))
    return sheet


def _claims(study: Study, name: str) -> list[MeasureClaim]:
    """What a measure says of every network."""
    return [claim.measures[name] for claim in inside_claims(study).values() if name in claim.measures]


def _dots(study: Study, panel: Axes, model: str, name: str, medium: Medium) -> list[_rows.Dot]:
    """One measure's rows; words go to the panel at once."""
    dots = []
    for row, variant in enumerate(study.plan.methods):
        claim = inside_claim(study, model, variant.label)
        measured = claim.measures.get(name) if claim else None
        if claim is None or measured is None:
            word = study.hole(model, variant.label, "compare") or "missing"
            _rows.hole(panel, row, word, medium, ha="center", color=UNKNOWN)
            continue
        dots.append(_rows.Dot(row, _beyond(measured), measured.low, measured.high, variant))
        panel.text(
            1.0, row, measure_word(measured) or "–", transform=panel.get_yaxis_transform(), ha="right", va="center",
            color=GOOD if measured.identical else COLORS[measured.word], fontsize=max(medium.small * 0.95, 6.0),
        )  # fmt: skip
    return dots


def _beyond(measured: MeasureClaim) -> float:
    """The distance beyond the reference's, in the unit of the margin."""
    return measured.tested.beyond * (100.0 if measured.unit == "points" else 1.0)


def _words(panel: Axes, medium: Medium) -> float:
    """Share of a panel's width that words take."""
    return LETTERS * 0.54 * medium.small / points_across(panel)


def _scale(panel: Axes, judged: list[MeasureClaim], medium: Medium) -> None:
    """Linear near 0, logarithmic beyond twice the margin; one scale for all models."""
    # As in the figure of differences: limits are set in transformed coordinates, so that the words take their share.
    margin = judged[0].margin if judged else 0.1
    panel.set_xscale("symlog", linthresh=2 * margin, linscale=1.0)
    ends = [end for one in judged for end in (_beyond(one), one.low, one.high) if np.isfinite(end)]
    low, high = min([-margin, *ends]), max([2 * margin, *ends])
    forward = panel.transScale.transform
    left, right = forward([(low, 0), (high, 0)])[:, 0]
    words = _words(panel, medium)
    right += (right - left) * words / (1 - words)
    left -= (right - left) * 0.03
    panel.set_xlim(*panel.transScale.inverted().transform([(left, 0), (right, 0)])[:, 0])

    def position(tick: float) -> float:
        return float(forward([(tick, 0)])[0, 0] - left) / (right - left) * points_across(panel)

    candidates = [tick for tick in (0, margin, 10 * margin, -10 * margin, 100 * margin) if low <= tick <= high]
    ticks = apart(candidates, position, 2.7 * medium.small)
    panel.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.axvline(margin, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
    panel.axvline(0, color=FAINT, linewidth=0.8)
