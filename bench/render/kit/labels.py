"""Write names beside points, so that none covers another or anything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation

from bench.render.kit.style import PAPER

# Directions from a point to its label, in order of preference: steps right and up, and the share of the label's width
# that lies left of the point.
DIRECTIONS = (
    (1, 0, 0.0),
    (1, 1, 0.0),
    (1, -1, 0.0),
    (-1, 0, 1.0),
    (-1, 1, 1.0),
    (-1, -1, 1.0),
    (0, 1, 0.5),
    (0, -1, 0.5),
    (0, 1, 0.25),
    (0, -1, 0.25),
    (0, 1, 0.75),
    (0, -1, 0.75),
)
DISTANCES = (5.0, 9.0, 15.0, 23.0, 33.0, 45.0, 60.0, 80.0)  # pt
LEADER_FROM = 12.0  # pt from a point beyond which a line leads to its label
LINE = 1.15  # height of a line in font sizes
SAMPLES = 24  # points that stand for a segment of a line

# Behind a label, so that a line which it must cross is seen through its letters' gaps but not through its letters.
VEIL = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.4, "alpha": 0.75}

# Costs of a spot, in pt of distance: crossing lines, standing above or below a point, a leader, and per obstacle that
# the leader covers.
CROSSING, SIDEWAYS, LEADER, COVERING = 14.0, 2.0, 6.0, 20.0


@dataclass(frozen=True)
class Label:
    """A text that belongs to one of several places, in data coordinates.

    Attributes:
        optional: left out if there is no room close by.
        key: tells the caller what it names.
    """

    text: str
    places: tuple[tuple[float, float], ...]
    color: str
    size: float
    optional: bool = False
    key: str = ""


@dataclass
class Obstacles:
    """What labels keep off, in display coordinates.

    Attributes:
        boxes: (k, 4) left, bottom, right, top; no label covers any.
        samples: (m, 2) points of lines; a label covers them if other spots are worse.
    """

    boxes: np.ndarray
    samples: np.ndarray


@dataclass(frozen=True)
class _Spot:
    """Where a label might stand: a distance in pt and a direction from the place that it names."""

    home: tuple[float, float]
    dx: float
    dy: float
    align: float
    distance: float


def obstacles(
    axes: Axes,
    points: Iterable[tuple[float, float]],
    radius: float,
    bars: Iterable[tuple[float, float, float]],
    lines: Iterable[Sequence[tuple[float, float]]],
) -> Obstacles:
    """Obstacles in data coordinates: points of a radius in pt, vertical intervals (x, low, high), and lines."""
    reach, centres = radius * _dots(axes), _display(axes, list(points))
    boxes = [np.hstack([centres - reach, centres + reach])]
    for x, low, high in bars:
        ends = _display(axes, [(x, low), (x, high)])
        boxes.append(np.array([[ends[0, 0] - 1, ends[0, 1], ends[0, 0] + 1, ends[1, 1]]]))
    samples = [_sampled(*ends) for line in lines for ends in pairwise(_display(axes, list(line)))]
    return Obstacles(np.vstack(boxes), np.vstack([np.empty((0, 2)), *samples]))


def place(axes: Axes, labels: Sequence[Label], around: Obstacles) -> list[tuple[Label, Annotation]]:
    """Write each label at its cheapest free spot, in the order of the sequence; one without any is left out.

    Returns:
        The labels that were written, with their artists.
    """
    # Greedy: placing labels best is NP-hard, and for a dozen names trying few spots each in a good order does as well.
    # A spot is free if the label lies within the panel and meets no point, interval or earlier label. Of the free ones
    # the cheapest wins: near its point, off the lines, and without a leader if possible. As each label becomes an
    # obstacle for the next, the caller decides by the order who may choose first.
    written = []
    for label in labels:
        size = _size(axes, label)
        boxes = _boxes(axes, label, size)
        within = np.flatnonzero(_within(boxes, axes))
        free = within[~_overlapping(boxes[within], around.boxes)]
        if len(free):
            best = _cheapest(axes, label, boxes, free, around)
            spot = _spot(label, best)
            around.boxes = np.vstack([around.boxes, boxes[best]])
            if spot.distance > LEADER_FROM:
                around.samples = np.vstack([around.samples, _leader(axes, spot, boxes[best])])
            written.append((label, _write(axes, label, spot, size[0] / _dots(axes))))
    return written


def _cheapest(axes: Axes, label: Label, boxes: np.ndarray, free: np.ndarray, around: Obstacles) -> int:
    """Index of the free spot that costs least, of equals the first."""
    # No spot costs less than its distance, so that the search ends where distances alone cost more than the best.
    best, least = -1, np.inf
    offsets = _offsets(label.optional)
    for index in free[np.argsort(offsets[free % len(offsets), 3], kind="stable")].tolist():
        spot = _spot(label, index)
        if spot.distance > least:
            break
        cost = _cost(axes, spot, boxes[index], around)
        if cost < least:
            best, least = index, cost
    return best


# A sweep's name may stand at any of dozens of points, each with a hundred spots. They are rows of arrays, point after
# point, and only those that may be the cheapest are looked at one by one.
@cache
def _offsets(optional: bool) -> np.ndarray:
    """(spots of a point, 4) `dx`, `dy`, `align` and `distance` of each, see `_Spot`."""
    rows = []
    for distance, (dx, dy, align) in product(DISTANCES[:2] if optional else DISTANCES, DIRECTIONS):
        diagonal = 0.75 if dx and dy else 1.0
        rows.append((dx * diagonal, dy * diagonal, align, distance))
    return np.array(rows)


def _spot(label: Label, index: int) -> _Spot:
    offsets = _offsets(label.optional)
    point, row = divmod(index, len(offsets))
    return _Spot(label.places[point], *offsets[row].tolist())


def _boxes(axes: Axes, label: Label, size: tuple[float, float]) -> np.ndarray:
    """(spots, 4) what a label of that size would cover."""
    offsets = _offsets(label.optional)
    homes = np.repeat(_display(axes, label.places), len(offsets), axis=0)
    dx, dy, align, distance = np.tile(offsets, (len(label.places), 1)).T
    shift = np.stack([dx, dy], axis=1) * distance[:, None]
    share = np.stack([align, 0.5 - 0.5 * np.sign(dy)], axis=1)
    corners = homes + shift * _dots(axes) - share * size
    return np.hstack([corners, corners + np.array(size)])


def _within(boxes: np.ndarray, axes: Axes) -> np.ndarray:
    panel = axes.get_window_extent()
    low, high = boxes[:, :2] >= (panel.x0, panel.y0), boxes[:, 2:] <= (panel.x1, panel.y1)
    return np.all(low & high, axis=1)


def _overlapping(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(k,) whether each box meets any of the others."""
    left, bottom, right, top = boxes.T[:, :, None]
    meets = (left < others[:, 2]) & (right > others[:, 0])
    meets &= (bottom < others[:, 3]) & (top > others[:, 1])
    return meets.any(axis=1)


def _cost(axes: Axes, spot: _Spot, box: np.ndarray, around: Obstacles) -> float:
    # Lines cost by how many of their samples the label covers, counted in segments: half a segment is the most that is
    # counted, since a label that lies along a line can hardly get worse. A leader starts within the box of the point
    # that it leads to, so that one of the boxes which it covers is free.
    lines = np.count_nonzero(_inside(around.samples, box[None])) / SAMPLES
    cost = spot.distance + CROSSING * min(6 * lines, 3.0) + (SIDEWAYS if spot.dx == 0 else 0.0)
    if spot.distance <= LEADER_FROM:
        return cost
    covered = int(_inside(_leader(axes, spot, box), around.boxes).any(axis=0).sum())
    return cost + LEADER + COVERING * max(covered - 1, 0)


def _leader(axes: Axes, spot: _Spot, box: np.ndarray) -> np.ndarray:
    """(SAMPLES, 2) points of the line from a place to its label."""
    home = _display(axes, [spot.home])[0]
    return _sampled(home, np.clip(home, box[:2], box[2:]))


def _inside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(m, k) whether each of m points is in each of k boxes."""
    x, y = points[:, :1], points[:, 1:]
    return (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])


def _write(axes: Axes, label: Label, spot: _Spot, width: float) -> Annotation:
    """Write a label that is so many pt wide."""
    leader = {"arrowstyle": "-", "color": label.color, "linewidth": 0.5, "alpha": 0.6, "shrinkA": 0, "shrinkB": 3}
    side = "right" if spot.align == 1 else "left" if spot.align == 0 else "center"
    nudge = width * (0.5 - spot.align) if side == "center" else 0.0
    return axes.annotate(
        label.text,
        spot.home,
        xytext=(spot.dx * spot.distance + nudge, spot.dy * spot.distance),
        textcoords="offset points",
        ha=side,
        va={0: "center", 1: "bottom", -1: "top"}[int(np.sign(spot.dy))],
        color=label.color,
        fontsize=label.size,
        linespacing=LINE,
        multialignment=side,
        arrowprops=leader if spot.distance > LEADER_FROM else None,
        bbox=VEIL,
    )


def _size(axes: Axes, label: Label) -> tuple[float, float]:
    """Width and height of a text in display units."""
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    font = FontProperties(size=label.size)
    lines = label.text.split("\n")
    width = max(renderer.get_text_width_height_descent(line, font, False)[0] for line in lines)
    return width, label.size * _dots(axes) * LINE * len(lines)


def _sampled(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(SAMPLES, 2) points of a line."""
    return start + (end - start) * np.linspace(0, 1, SAMPLES)[:, None]


def _display(axes: Axes, points: Sequence[tuple[float, float]]) -> np.ndarray:
    """Data coordinates as (k, 2) display ones."""
    return axes.transData.transform(np.array(points, dtype=float).reshape(-1, 2))


def _dots(axes: Axes) -> float:
    return axes.figure.get_dpi() / 72.0
