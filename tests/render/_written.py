"""What is written in a drawing, and where."""

from __future__ import annotations

from itertools import combinations

from matplotlib.axis import Tick
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bench.render.kit.figure import Figure
from bench.render.kit.style import Medium

SLACK = 1.0  # pt by which boxes may overlap: letters seldom fill them


def collisions(figure: Figure, medium: Medium) -> list[tuple[str, str]]:
    """Pairs of words of a drawing that lie on one another."""
    boxes = written(figure, medium)
    return [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if _overlap(one, other)]


def written(figure: Figure, medium: Medium) -> list[tuple[str, Bbox]]:
    """All words that are drawn, with their boxes in pt from the lower left."""
    drawing = figure.draw(medium).drawing
    drawing.draw_without_rendering()
    axes = [axis for panel in drawing.axes for axis in (panel.xaxis, panel.yaxis)]
    ticks = {label for axis in axes for tick in axis.findobj(Tick) for label in (tick.label1, tick.label2)}
    shown = {
        label
        for panel in drawing.axes
        if panel.axison
        for axis in (panel.xaxis, panel.yaxis)
        for tick in axis._update_ticks()  # the others lie outside the panel
        for label in (tick.label1, tick.label2)
    }
    words = [text for text in drawing.findobj(Text) if text.get_visible() and text.get_text().strip()]
    to_points = 72 / drawing.get_dpi()
    return [
        # Not the annotation's own box, which includes its line.
        (text.get_text(), Bbox(Text.get_window_extent(text).get_points() * to_points))
        for text in words
        if text not in ticks or text in shown
    ]


def _overlap(a: Bbox, b: Bbox) -> bool:
    return a.x0 + SLACK < b.x1 and b.x0 + SLACK < a.x1 and a.y0 + SLACK < b.y1 and b.y0 + SLACK < a.y1
