"""Write names beside points without writing over anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
DISTANCES = (5.0, 9.0, 15.0, 23.0, 33.0, 45.0)
LEADER_FROM = 14.0  # points between a label and what it names


@dataclass(frozen=True)
class Label:
    """A text that belongs to a place in data coordinates; an optional one is left out where there is no room."""

    text: str
    x: float
    y: float
    color: str
    size: float
    optional: bool = False
    weight: str = "normal"


def boxes(axes: Axes, points: Iterable[tuple[float, float]], radius: float) -> list[Bbox]:
    """Squares around points, in display coordinates; `radius` in pt."""
    reach = radius * _dots(axes)
    found = []
    for x, y in axes.transData.transform(list(points) or [(0.0, 0.0)]):
        found.append(Bbox.from_extents(x - reach, y - reach, x + reach, y + reach))
    return found


def bars(axes: Axes, spans: Iterable[tuple[float, float, float]]) -> list[Bbox]:
    """Thin boxes around vertical intervals (x, low, high)."""
    found = []
    for x, low, high in spans:
        (left, bottom), (_, top) = axes.transData.transform([(x, low), (x, high)])
        found.append(Bbox.from_extents(left - 1, bottom, left + 1, top))
    return found


def place(axes: Axes, labels: Sequence[Label], obstacles: Sequence[Bbox]) -> None:
    """Write each label at the nearest free place, in the order given; none leaves the panel or covers anything."""
    taken = list(obstacles)
    panel = axes.get_window_extent()
    for label in labels:
        found = _free(axes, label, taken, panel)
        if found is None:
            continue
        dx, dy, distance, box = found
        taken.append(box)
        _write(axes, label, dx, dy, distance)


def _free(axes: Axes, label: Label, taken: list[Bbox], panel: Bbox) -> tuple[int, int, float, Bbox] | None:
    width, height = _size(axes, label)
    x, y = axes.transData.transform((label.x, label.y))
    distances = DISTANCES[:3] if label.optional else DISTANCES
    for distance in distances:
        for dx, dy in DIRECTIONS:
            box = _box(x, y, dx, dy, distance * _dots(axes), width, height)
            inside = panel.x0 <= box.x0 and box.x1 <= panel.x1 and panel.y0 <= box.y0 and box.y1 <= panel.y1
            if inside and not any(box.overlaps(other) for other in taken):
                return dx, dy, distance, box
    return None


def _box(x: float, y: float, dx: int, dy: int, gap: float, width: float, height: float) -> Bbox:
    shift = gap * (0.75 if dx and dy else 1.0)
    left = x + dx * shift - width * (0.5 if dx == 0 else 1.0 if dx < 0 else 0.0)
    bottom = y + dy * shift - height * (0.5 if dy == 0 else 1.0 if dy < 0 else 0.0)
    return Bbox.from_bounds(left, bottom, width, height)


def _write(axes: Axes, label: Label, dx: int, dy: int, distance: float) -> None:
    shift = distance * (0.75 if dx and dy else 1.0)
    leader = {"arrowstyle": "-", "color": label.color, "linewidth": 0.5, "alpha": 0.6, "shrinkA": 0, "shrinkB": 3}
    axes.annotate(
        label.text,
        (label.x, label.y),
        xytext=(dx * shift, dy * shift),
        textcoords="offset points",
        ha={0: "center", 1: "left", -1: "right"}[dx],
        va={0: "center", 1: "bottom", -1: "top"}[dy],
        color=label.color,
        fontsize=label.size,
        fontweight=label.weight,
        arrowprops=leader if distance > LEADER_FROM else None,
    )


def _size(axes: Axes, label: Label) -> tuple[float, float]:
    """Width and height of a text in display units, from the font's metrics."""
    from matplotlib.font_manager import FontProperties

    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    font = FontProperties(family="DejaVu Sans", size=label.size, weight=label.weight)
    width, height, descent = renderer.get_text_width_height_descent(label.text, font, False)
    return width, height + descent * 0.2


def _dots(axes: Axes) -> float:
    return axes.figure.get_dpi() / 72.0
