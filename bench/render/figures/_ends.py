"""Names at the right of lines' ends, moved apart, each tied to its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes

from bench.render.kit.names import cut
from bench.render.kit.style import Medium

WIDTH = 0.535  # of a letter, on average, in units of the font's size
LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


@dataclass(frozen=True)
class End:
    """The last point of a line, in data coordinates, and what it is called."""

    x: float
    y: float
    name: str
    color: str
    italic: bool = False


def panel_height(names: int) -> float:
    """Inches at the wide medium's font that a panel needs for so many names."""
    return max(2.8, 0.145 * names + 1.0)


def name_ends(panel: Axes, ends: Iterable[End], medium: Medium) -> None:
    """Write the names into the room that the panel's limits leave at the right."""
    ordered = sorted(ends, key=lambda end: (end.y, end.name))
    (low, high), (left, right) = panel.get_ylim(), panel.get_xlim()
    height = panel.get_window_extent().height / panel.figure.get_dpi() * 72
    gap = medium.small * 1.16 / height * (high - low)
    places = spread([end.y for end in ordered], gap, low + gap / 2, high - gap / 2)
    room = (right - max((end.x for end in ordered), default=left)) / (right - left) - 0.058
    most = int(room * panel.get_window_extent().width / panel.figure.get_dpi() * 72 / (WIDTH * medium.small))
    for end, place in zip(ordered, places):
        tie = [end.x + 0.012 * (right - left), end.x + 0.05 * (right - left)]
        panel.plot(tie, [end.y, place], color=end.color, linewidth=0.6, alpha=0.6)
        panel.text(
            end.x + 0.058 * (right - left),
            place,
            cut(end.name, most),
            color=end.color,
            fontsize=max(medium.small * 0.95, 6.0),
            fontstyle="italic" if end.italic else "normal",
            va="center",
        )


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as can be to the wanted (ascending) ones, at least a gap apart, within the ends where they fit.

    >>> spread([0.0, 0.1, 5.0], 1.0, -1.0, 6.0)
    [-0.45, 0.55, 5.0]
    """
    groups = [[y] for y in wanted]
    centres = list(wanted)
    while True:
        clash = next(
            (
                i
                for i in range(len(groups) - 1)
                if centres[i + 1] - centres[i] < gap * (len(groups[i]) + len(groups[i + 1])) / 2 - 1e-9
            ),
            None,
        )
        if clash is None:
            break
        groups[clash : clash + 2] = [groups[clash] + groups[clash + 1]]
        half = gap * len(groups[clash]) / 2 - gap / 2
        centre = sum(groups[clash]) / len(groups[clash])
        centres[clash : clash + 2] = [min(max(centre, low + half), max(high - half, low + half))]
    return [
        centre + gap * (place - (len(group) - 1) / 2)
        for group, centre in zip(groups, centres)
        for place in range(len(group))
    ]
