"""Dot plots: panels side by side whose rows are variants, named at the left of the first panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from bench.render.kit import figure
from bench.render.kit.figure import Sheet
from bench.render.kit.names import cut, in_two_lines, values_alone
from bench.render.kit.style import INK, MUTED, PAPER, RULE, WIDE_FONT, Medium, family
from bench.runner.plan_file import PlannedVariant

ROW = 0.215  # inches at the wide medium's font
NAME = "name"  # group id of a row's name
MARGINS = 0.85  # inches above and below all rows, at that font


@dataclass(frozen=True)
class Dot:
    """A value with its interval; NaN for an end that is missing. `row` may lie between two variants' rows.

    Attributes:
        decides: the interval that decides a word, and the word's colour; None if none is drawn.
    """

    row: float
    value: float
    low: float
    high: float
    variant: PlannedVariant
    hollow: bool = False
    decides: tuple[float, float, str] | None = None


def panels(
    medium: Medium, variants: Sequence[PlannedVariant], titles: Sequence[str], *, extra: float = 0.0
) -> tuple[Sheet, list[Axes]]:
    """A sheet with one panel per title.

    Args:
        extra: rows above the first variant's.
    """
    across = min(medium.columns, len(titles))
    tall = height(medium, len(variants) + extra) + 0.8
    sheet, axes = figure.panels(medium, len(titles), tall, columns=across, left=0.1, top=0.32, bottom=0.45)
    for index, (panel, title) in enumerate(zip(axes, titles)):
        shift(panel, medium, across, index % across, 0.015)
        prepare(panel, variants, medium, named=index % across == 0)
        figure.title(panel, title)
    return sheet, axes


def height(medium: Medium, rows: float) -> float:
    """Inches at the wide medium's font that so many rows take.

    Rows move closer together where a page would end, down to the height of a line of text.
    """
    usual, least = ROW * (1.0 if medium.columns > 1 else 1.45), 1.15 * medium.small / 72 / medium.grow
    return rows * max(min(usual, (medium.tallest / medium.grow - MARGINS) / rows), least)


def name_width(medium: Medium) -> float:
    """Inches at the wide medium's font that names take at the left."""
    return 2.4 if medium.columns > 1 else 1.62


def shift(panel: Axes, medium: Medium, across: int, column: int, gap: float) -> None:
    """Give a panel its share of the width that the names leave; `gap` is the share of the sheet at either side."""
    names = name_width(medium) * medium.font / WIDE_FONT / medium.width
    box, width = panel.get_position(), (1 - names) / across
    panel.set_position((names + column * width + gap, box.y0, width - 2 * gap, box.height))


def prepare(
    panel: Axes, variants: Sequence[PlannedVariant], medium: Medium, *, named: bool, words: float = 0.0
) -> None:
    """Rows from the top, each with a faint line.

    Args:
        named: whether to write the variants' names at the left.
        words: share of the panel's width that is left for words at the right; the lines end there.
    """
    panel.set_ylim(len(variants) - 0.4, -0.6)
    panel.spines["left"].set_visible(False)
    panel.set_yticks([])  # ticks would take most of the time that such a panel takes to draw
    across = panel.get_yaxis_transform()
    panel.hlines(range(len(variants)), 0, 1 - words, color=RULE, linewidth=0.6, zorder=0.5, transform=across)
    if not named:
        return
    between = panel.get_window_extent().height / panel.figure.get_dpi() * 72 / max(len(variants), 1)  # pt
    lines = 2 if between > 1.9 * medium.small else 1
    beside = across + ScaledTranslation(-3.5 / 72, 0, panel.figure.dpi_scale_trans)
    for row, variant in enumerate(variants):
        panel.text(
            0, row, _name(variant, medium, lines), transform=beside, ha="right", va="center_baseline",
            color=MUTED if variant.control else INK, fontsize=medium.small, linespacing=0.95, gid=NAME,
        )  # fmt: skip


def _name(variant: PlannedVariant, medium: Medium, lines: int) -> str:
    """A variant's title in at most two lines, without its settings' names if it is too long for one."""
    most = 38 if medium.columns > 1 else 23
    text = variant.title if len(variant.title) <= most else values_alone(variant)
    if lines == 1:
        return cut(text, most)
    width = most if len(text) <= most else max(len(text) // 2 + 5, most - 8)
    return in_two_lines(text, min(width, most))


def hole(panel: Axes, row: int, word: str, medium: Medium, *, x: float = 0.0, **options: Any) -> None:
    """Write in a row why it has no value; `options` are those of `Axes.text`."""
    style: dict[str, Any] = {"va": "center", "color": MUTED, "fontsize": medium.small, "style": "italic"}
    panel.text(x, row, word, **style | options)


def draw(sheet: Sheet, panel: Axes, dots: Sequence[Dot]) -> None:
    """Dots with their intervals, in their families' colours and markers.

    An interval that goes on beyond the panel's limits, which must be set before, ends in an arrowhead there.
    """
    # All dots of a family are one artist, and so are all intervals: matplotlib takes most of its time per artist, and
    # a page may have a hundred rows.
    decided = [(dot.row, *dot.decides) for dot in dots if dot.decides]
    if decided:
        rows, low, high, colors = zip(*decided)
        panel.hlines(rows, low, high, colors=colors, linewidth=4.5, capstyle="butt", alpha=0.3, zorder=1.5)
    bars = [dot for dot in dots if np.isfinite([dot.low, dot.high]).all()]
    if bars:
        rows, low, high = zip(*((dot.row, dot.low, dot.high) for dot in bars))
        panel.hlines(rows, low, high, colors=_colors(bars), linewidth=1.3, capstyle="butt", alpha=0.8, zorder=2)
        left, right = panel.get_xlim()
        _arrowheads(sheet, panel, left, "<", [bar for bar in bars if bar.low < left])
        _arrowheads(sheet, panel, right, ">", [bar for bar in bars if bar.high > right])
    groups: dict[tuple[str, bool], list[Dot]] = {}
    for dot in dots:
        name = dot.variant.family
        groups.setdefault((name, dot.hollow or name == "control"), []).append(dot)
    for (name, hollow), group in groups.items():
        style = family(name)
        panel.plot(
            [dot.value for dot in group],
            [dot.row for dot in group],
            marker=style.marker,
            markersize=style.size * sheet.medium.font * 0.62,
            markerfacecolor=PAPER if hollow else style.color,
            markeredgecolor=style.color,
            markeredgewidth=0.9,
            linestyle="none",
            zorder=3,
            clip_on=False,
        )


def _arrowheads(sheet: Sheet, panel: Axes, end: float, marker: str, beyond: Sequence[Dot]) -> None:
    if beyond:
        panel.scatter(
            [end] * len(beyond), [dot.row for dot in beyond], (0.45 * sheet.medium.small) ** 2, c=_colors(beyond),
            marker=marker, clip_on=False, linewidths=0, zorder=2.5,
        )  # fmt: skip


def _colors(dots: Sequence[Dot]) -> list[str]:
    return [family(dot.variant.family).color for dot in dots]
