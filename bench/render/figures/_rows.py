"""Panels whose rows are variants, named at the left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from bench.render.kit.figure import Sheet
from bench.render.kit.names import cut, in_two_lines, values_alone
from bench.render.kit.style import INK, MUTED, RULE, Medium, family
from bench.runner.plan_file import PlannedVariant

ROW = 0.215  # inches at the wide medium's font
NAME = "name"  # group of a row's name
MARGINS = 0.85  # inches above and below all rows, at that font


def height(medium: Medium, rows: float) -> float:
    """Inches at the wide medium's font of so many rows, nearer to one another where the page ends."""
    grow = medium.font / 8.4
    usual, least = ROW * (1.0 if medium.columns > 1 else 1.45), 1.15 * medium.small / 72 / grow
    return rows * max(min(usual, (medium.tallest / grow - MARGINS) / rows), least)


def name_width(medium: Medium) -> float:
    """Inches at the wide medium's font that names take at the left."""
    return 2.4 if medium.columns > 1 else 1.62


def prepare(panel: Axes, variants: list[PlannedVariant], medium: Medium, *, named: bool, words: float = 0.0) -> None:
    """Rows from the top, a faint line each; names at the left of the first panel.

    Args:
        words: share of the panel's width at the right that is for words, where lines end.
    """
    panel.set_ylim(len(variants) - 0.4, -0.6)
    panel.spines["left"].set_visible(False)
    panel.set_yticks([])  # lines and names of our own: ticks take most of the time of such a panel
    across = panel.get_yaxis_transform()
    panel.hlines(range(len(variants)), 0, 1 - words, color=RULE, linewidth=0.6, zorder=0.5, transform=across)
    if not named:
        return
    apart = panel.get_window_extent().height / panel.figure.get_dpi() * 72 / max(len(variants), 1)  # pt
    lines = 2 if apart > 1.9 * medium.small else 1
    beside = across + ScaledTranslation(-3.5 / 72, 0, panel.figure.dpi_scale_trans)
    for place, variant in enumerate(variants):
        panel.text(
            0, place, _name(variant, medium, lines), transform=beside, ha="right", va="center_baseline",
            color=MUTED if variant.control else INK, fontsize=medium.small, linespacing=0.95, gid=NAME,
        )  # fmt: skip


@dataclass(frozen=True)
class Point:
    """A value with its interval at a place among the rows; NaN for ends that there are none of."""

    place: float
    value: float
    low: float
    high: float
    variant: PlannedVariant
    hollow: bool = False


def draw(sheet: Sheet, panel: Axes, points: Sequence[Point]) -> None:
    """Points with their intervals in their families' colours and markers, each family at once.

    An interval that goes on beyond the panel's limits, which are set before, ends in an arrowhead there.
    """
    bars = [point for point in points if np.isfinite([point.low, point.high]).all()]
    if bars:
        place, low, high = zip(*((point.place, point.low, point.high) for point in bars))
        colors = [family(point.variant.family).color for point in bars]
        panel.hlines(place, low, high, colors=colors, linewidth=1.3, capstyle="butt", alpha=0.8, zorder=2)
        _point_on(sheet, panel, bars)
    groups: dict[tuple[str, bool], list[Point]] = {}
    for point in points:
        groups.setdefault((point.variant.family, point.hollow or point.variant.family == "control"), []).append(point)
    for (name, hollow), group in groups.items():
        style = family(name)
        panel.plot(
            [point.value for point in group],
            [point.place for point in group],
            marker=style.marker,
            markersize=style.size * sheet.medium.font * 0.62,
            markerfacecolor="#ffffff" if hollow else style.color,
            markeredgecolor=style.color,
            markeredgewidth=0.9,
            linestyle="none",
            zorder=3,
            clip_on=False,
        )


def _point_on(sheet: Sheet, panel: Axes, bars: Sequence[Point]) -> None:
    """Arrowheads where intervals leave the panel."""
    left, right = panel.get_xlim()
    for end, marker, beyond in (
        (left, "<", [bar for bar in bars if bar.low < left]),
        (right, ">", [bar for bar in bars if bar.high > right]),
    ):
        if beyond:
            colors = [family(bar.variant.family).color for bar in beyond]
            panel.scatter(
                [end] * len(beyond), [bar.place for bar in beyond], (0.45 * sheet.medium.small) ** 2, c=colors,
                marker=marker, clip_on=False, linewidths=0, zorder=2.5,
            )  # fmt: skip


def _name(variant: PlannedVariant, medium: Medium, lines: int) -> str:
    """A variant's title in at most two lines, without its settings' names if it is too long for one."""
    most = 38 if medium.columns > 1 else 23
    text = variant.title if len(variant.title) <= most else values_alone(variant)
    if lines == 1:
        return cut(text, most)
    width = most if len(text) <= most else max(len(text) // 2 + 5, most - 8)
    return in_two_lines(text, min(width, most))


def apart(ticks: list[float], place: Callable[[float], float], gap: float) -> list[float]:
    """The ticks, in order of importance, that leave a gap to those before them."""
    kept: list[float] = []
    for tick in ticks:
        if all(abs(place(tick) - place(other)) >= gap for other in kept):
            kept.append(tick)
    return kept
