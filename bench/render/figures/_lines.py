"""Line plots whose lines are named at their right ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from bench.render.kit.figure import points_across
from bench.render.kit.names import cut
from bench.render.kit.style import Medium
from bench.statistics.estimate import Estimate

WIDTH = 0.535  # of a letter, on average, in units of the font's size
LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
T = TypeVar("T")


@dataclass(frozen=True)
class End:
    """The last point of a line, in data coordinates, and what the line is called."""

    x: float
    y: float
    name: str
    color: str
    italic: bool = False


def evenly(ordered: Sequence[T], most: int) -> list[T]:
    """At most so many of a sequence, the first and the last among them.

    >>> evenly("abcdefg", 3)
    ['a', 'd', 'g']
    """
    return [ordered[i] for i in np.linspace(0, len(ordered) - 1, min(len(ordered), most)).round().astype(int).tolist()]


def intervals(estimates: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    """Values, and the ends of their intervals for a band; the value itself where an end is missing."""
    low, high = (
        [end if np.isfinite(end) else estimate.value for end, estimate in zip(ends, estimates)]
        for ends in ([estimate.low for estimate in estimates], [estimate.high for estimate in estimates])
    )
    return [estimate.value for estimate in estimates], low, high


def panel_height(names: int) -> float:
    """Inches at the wide medium's font that a panel needs for so many names."""
    return max(2.8, 0.145 * names + 1.0)


def block_axis(panel: Axes, blocks: int, medium: Medium) -> None:
    """An axis of blocks from the input on, with room for names at the right."""
    last = max(blocks - 1, 1)
    panel.set_xlim(-0.05 * last, last / (1 - medium.names))
    ticks = range(0, blocks, max(1, -(-blocks // 9)))
    panel.set_xticks(list(ticks), [str(block + 1) for block in ticks])
    panel.grid(axis="y")
    panel.set_xlabel(f"Block (1 to {blocks}, from the input)")
    panel.xaxis.label.set_x((1 - medium.names) / 2)
    panel.spines["bottom"].set_bounds(0, last)


def name_ends(panel: Axes, ends: Iterable[End], medium: Medium) -> list[tuple[End, Text]]:
    """Write the names into the room that the panel's limits leave at the right, each tied to its line; return them."""
    ordered = sorted(ends, key=lambda end: (end.y, end.name))
    (low, high), (left, right) = panel.get_ylim(), panel.get_xlim()
    height = panel.get_window_extent().height / panel.figure.get_dpi() * 72
    gap = medium.small * 1.16 / height * (high - low)
    heights = spread([end.y for end in ordered], gap, low + gap / 2, high - gap / 2)
    room = (right - max((end.x for end in ordered), default=left)) / (right - left) - 0.058
    most = int(room * points_across(panel) / (WIDTH * medium.small))
    written = []
    for end, y in zip(ordered, heights):
        tie = [end.x + 0.012 * (right - left), end.x + 0.05 * (right - left)]
        panel.plot(tie, [end.y, y], color=end.color, linewidth=0.6, alpha=0.6)
        text = panel.text(
            end.x + 0.058 * (right - left),
            y,
            cut(end.name, most),
            color=end.color,
            fontsize=medium.small,
            fontstyle="italic" if end.italic else "normal",
            va="center",
        )
        written.append((end, text))
    return written


def spread(positions: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move ascending positions as little as possible, so that they are at least a gap apart.

    Positions that move stay between the ends; if they need more room than that, they start at the lower end.

    >>> spread([0.0, 0.1, 5.0], 1.0, -1.0, 6.0)
    [-0.45, 0.55, 5.0]
    """
    # Least squares under the gap, solved by pooling adjacent violators: neighbours that are too close become a block,
    # whose members stand a gap apart around the mean of what they wanted (the mean minimises the squares), pushed
    # inside the ends. A block that now touches the next one is pooled with it, until nothing overlaps. Order is kept,
    # so ties between lines and names never cross.
    blocks = [[y] for y in positions]
    centres = list(positions)
    while True:
        overlaps = (
            i
            for i in range(len(blocks) - 1)
            if centres[i + 1] - centres[i] < gap * (len(blocks[i]) + len(blocks[i + 1])) / 2 - 1e-9
        )
        clash = next(overlaps, None)
        if clash is None:
            break
        blocks[clash : clash + 2] = [blocks[clash] + blocks[clash + 1]]
        half = gap * len(blocks[clash]) / 2 - gap / 2
        centre = sum(blocks[clash]) / len(blocks[clash])
        centres[clash : clash + 2] = [min(max(centre, low + half), max(high - half, low + half))]
    return [
        centre + gap * (index - (len(block) - 1) / 2)
        for block, centre in zip(blocks, centres)
        for index in range(len(block))
    ]
