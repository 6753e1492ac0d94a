"""Critical-difference diagram: mean ranks of the methods over the networks, and which cannot be told apart."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.across import across
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet
from bench.render.kit.style import FAINT, INK, RULE, Medium
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.rankings import Ranking

BAR = 0.42  # rows that a bar takes
Ranked = list[tuple[str, Ranking]]  # by the title of an outcome


def build(study: Study) -> Figure | None:
    """The figure; None if nothing can be ranked."""
    ranked = [(outcome.title, outcome.ranking) for outcome in across(study) if outcome.ranking and outcome.ranking.n]
    if not ranked:
        return None
    return Figure(
        "ranking",
        "Ranks over all networks",
        f"Mean rank of each method over the networks, by {study.primary.within} and by its inside; 1 is best. Bars "
        "join methods that can't be told apart.",
        "Dot plot of mean ranks by method with bars that join methods that cannot be told apart; every value is in the "
        "table of all networks.",
        partial(_paint, study, ranked),
        ("across",),
        details=captions.joined(
            "The inside counts by its CKA to the original. Friedman's test, then Nemenyi's critical difference (Demšar "
            "2006). Ranks are of means over seeds and have no intervals.",
            *(_sentence(outcome, ranking) for outcome, ranking in ranked),
        ),
    )


def _sentence(outcome: str, ranking: Ranking) -> str:
    gap = f"critical difference {ranking.critical_difference:.1f}"
    return f"{outcome}: n = {ranking.n} networks, {gap}. {ranking.note}".strip()


def _paint(study: Study, ranked: Ranked, medium: Medium) -> Sheet:
    variants = _ordered(study, ranked)
    most = max(len(ranking.groups) for _, ranking in ranked)
    titles = [outcome for outcome, _ in ranked]
    sheet, axes = _rows.panels(medium, variants, titles, extra=BAR * (most + 1))
    for panel, (_, ranking) in zip(axes, ranked):
        _panel(sheet, panel, variants, ranking, most)
    return sheet


def _ordered(study: Study, ranked: Ranked) -> list[PlannedVariant]:
    """Best first, by the first outcome."""
    order = {label: rank for rank, label in enumerate(ranked[0][1].methods)}
    anywhere = {label for _, ranking in ranked for label in ranking.methods}
    return sorted(
        (variant for variant in study.plan.methods if variant.label in anywhere),
        key=lambda variant: order.get(variant.label, len(order)),
    )


def _panel(sheet: Sheet, panel: Axes, variants: list[PlannedVariant], ranking: Ranking, most: int) -> None:
    ranks = dict(zip(ranking.methods, ranking.mean_ranks, strict=True))
    panel.set_ylim(len(variants) - 0.4, -0.6 - BAR * (most + 1))
    panel.set_xlim(0.5, len(ranking.methods) + 0.5)
    panel.set_xlabel("Mean rank (1: best)")
    panel.axhline(-0.6, color=RULE, linewidth=0.8)
    for level, group in enumerate(ranking.groups):
        ends = [ranks[group[0]], ranks[group[-1]]]
        height = -0.6 - BAR * (most - level)
        panel.plot(ends, [height, height], color=INK, linewidth=1.8, solid_capstyle="butt")
    rows = [(row, variant, ranks[variant.label]) for row, variant in enumerate(variants) if variant.label in ranks]
    panel.hlines([row for row, *_ in rows], 0.5, [rank for *_, rank in rows], color=FAINT, linewidth=0.8, zorder=2)
    _rows.draw(sheet, panel, [_rows.Dot(row, rank, np.nan, np.nan, variant) for row, variant, rank in rows])
