"""Critical-difference diagram: mean ranks of the methods over the networks, and which cannot be told apart."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.analysis.across import Across, across
from bench.analysis.study import Study
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.style import FAINT, INK, RULE, Medium
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.rankings import Ranking

BAR = 0.42  # rows that a bar takes


def build(study: Study) -> Figure | None:
    """The figure; None where nothing can be ranked."""
    ranked = [each for each in across(study) if each.ranking is not None and each.ranking.n]
    if not ranked:
        return None
    return Figure(
        "ranking",
        "Ranks over all networks",
        captions.joined(
            "Mean rank of each method over the networks, 1 is best (Demšar 2006), by top-1 and by the CKA of its "
            "inside to the original. Bars at the top join methods whose ranks are within Nemenyi's critical difference "
            "and cannot be told apart.",
            *(_sentence(each, each.ranking) for each in ranked if each.ranking),
            captions.seeds(study),
            "Interval: none, ranks are of means over seeds; tests: Friedman's, then Nemenyi's.",
            captions.version(study),
        ),
        "Dot plot of mean ranks by method with bars that join methods that cannot be told apart; every value is in the "
        "table of all networks.",
        partial(_paint, study, ranked),
        ("across",),
    )


def _sentence(outcome: Across, ranking: Ranking) -> str:
    gap = f"critical difference {ranking.critical_difference:.1f}"
    return f"{outcome.title}: n = {ranking.n} networks, {gap}. {ranking.note}".strip()


def _paint(study: Study, ranked: list[Across], medium: Medium) -> Sheet:
    variants = _ordered(study, ranked)
    most = max(len(each.ranking.groups) for each in ranked if each.ranking)
    columns = min(medium.columns, len(ranked))
    height = _rows.height(medium, len(variants) + BAR * (most + 1)) + 0.8
    sheet, axes = panels(medium, len(ranked), height, columns=columns, left=0.1, top=0.32, bottom=0.45)
    names = _rows.name_width(medium) * medium.font / 8.4 / medium.width
    for place, (panel, each) in enumerate(zip(axes, ranked)):
        box, column = panel.get_position(), place % columns
        width = (1 - names) / columns
        panel.set_position((names + column * width + 0.015, box.y0, width - 0.03, box.height))
        _rows.prepare(panel, variants, medium, named=column == 0)
        title(panel, each.title)
        assert each.ranking is not None
        _panel(sheet, panel, variants, each.ranking, most)
    return sheet


def _ordered(study: Study, ranked: list[Across]) -> list[PlannedVariant]:
    """Best first, by the first outcome."""
    first = ranked[0].ranking
    order = {label: place for place, label in enumerate(first.methods)} if first else {}
    anywhere = {label for each in ranked if each.ranking for label in each.ranking.methods}
    return sorted(
        (variant for variant in study.plan.methods if variant.label in anywhere),
        key=lambda variant: order.get(variant.label, len(order)),
    )


def _panel(sheet: Sheet, panel, variants: list[PlannedVariant], ranking: Ranking, most: int) -> None:
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
    _rows.draw(sheet, panel, [_rows.Point(row, rank, np.nan, np.nan, variant) for row, variant, rank in rows])
