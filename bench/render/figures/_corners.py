"""Draws accuracy lost against features changed: four named corners, margins, and intervals in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import _key
from bench.render.kit.figure import Sheet, apart, panels, title
from bench.render.kit.figure import line as draw
from bench.render.kit.labels import Label, Obstacles, obstacles, place
from bench.render.kit.names import shortened
from bench.render.kit.style import FAINT, INK, MUTED, PAPER, Medium, family, in_order
from bench.runner.plan_file import PlannedVariant

MOST_NAMES = 16  # beyond, names are written only where there is room beside their dot
CORNERS = {
    (0, 0): "same {noun}, same features",
    (1, 0): "same {noun}, other features",
    (0, 1): "lower {noun}, same features",
    (1, 1): "lower {noun}, other features",
}  # by (right, up)


@dataclass(frozen=True)
class Span:
    """A value with the ends of its 95% interval, and of the interval that decides; NaN for an end that is missing."""

    value: float
    low: float
    high: float
    decides_low: float
    decides_high: float

    @property
    def ends(self) -> list[float]:
        """All that is known."""
        known = (self.value, self.low, self.high, self.decides_low, self.decides_high)
        return [end for end in known if isfinite(end)]


@dataclass(frozen=True)
class Dot:
    """One method.

    Attributes:
        name: beside it.
        lost: in the outcome's unit; below 0 is a gain.
        moved: in seed-equivalents, beyond the reference's.
        changed: whether its features are shown to have changed.
        says: for a tooltip.
    """

    variant: PlannedVariant
    name: str
    lost: Span
    moved: Span
    changed: bool
    says: str


def paint(study: Study, model: str, dots: Sequence[Dot], medium: Medium) -> Sheet:
    """One panel for one network."""
    names = in_order(dot.variant.family for dot in dots)
    tall = 4.6 if medium.tallest == inf else 4.2
    sheet, (panel, *_) = panels(
        medium, 1, tall, left=0.62, bottom=0.5, top=0.34, columns=1, foot=_key.height(medium, names)
    )
    title(panel, title_of(study, model))
    margins = study.plan.margins
    _axis(panel, "x", margins.inside, [end for dot in dots for end in dot.moved.ends], 0.05)
    # Above and below what is drawn there is room for the names of corners, which take two lines on a narrow page.
    _axis(panel, "y", margins.accuracy, [end for dot in dots for end in dot.lost.ends], 0.06 + 0.07 / medium.columns)
    beyond = "" if medium.columns == 1 else ", beyond the reference's distance"
    panel.set_xlabel(f"Features changed{beyond} (seed-equivalents)")
    unit = study.primary.unit
    panel.set_ylabel(f"{study.primary.capital} lost{f' ({unit})' if unit else ''}")
    under: dict[str, Any] = {"zorder": 0.8}  # the names of corners, which cover the lines that they cross
    for line, margin in ((panel.axvline, margins.inside), (panel.axhline, margins.accuracy)):
        line(margin, color=INK, linewidth=0.8, linestyle=(0, (1, 2)), **under)
        line(0, color=FAINT, linewidth=0.6, **under)
    corners = _corners(panel, study, medium)
    for dot in dots:
        _draw(sheet, panel, model, dot)
    _names(sheet, panel, model, dots, corners)
    _key.draw(sheet, names)
    return sheet


def _axis(panel: Axes, name: str, margin: float, ends: Sequence[float], share: float) -> None:
    """Linear within twice the margin, where words are decided, and logarithmic beyond, where networks collapsed."""
    scale: Callable[..., Any] = getattr(panel, f"set_{name}scale")
    scale("symlog", linthresh=2 * margin, linscale=1.0)
    axis = getattr(panel, f"{name}axis")
    forward = axis.get_transform()
    low, high = forward.transform([min([-margin, *ends]), max([4 * margin, *ends])])
    room = share * (high - low)
    limits = forward.inverted().transform([low - room, high + room])
    getattr(panel, f"set_{name}lim")(*limits)
    tens = [sign * step * margin * 10.0**power for power in (1, 2, 3) for step in (1, 4) for sign in (1, -1)]
    ticks = [tick for tick in (0.0, margin, -margin, *tens) if limits[0] <= tick <= limits[1]]
    kept = apart(ticks, lambda tick: float(forward.transform([tick])[0]) / (high - low), 0.06)
    getattr(panel, f"set_{name}ticks")(kept, [f"{tick:g}".replace("-", "−") for tick in kept])
    getattr(panel, f"set_{name}ticks")([], minor=True)


def corners(study: Study) -> dict[tuple[int, int], str]:
    """Names of the corners."""
    return {place: words.format(noun=study.primary.noun) for place, words in CORNERS.items()}


def _corners(panel: Axes, study: Study, medium: Medium) -> list[tuple[float, ...]]:
    """Name the four corners; return the boxes of their names in display coordinates."""
    written = []
    narrow = medium.columns == 1
    for (right, up), words in corners(study).items():
        text = words.replace(", ", ",\n") if narrow else words
        written.append(
            panel.text(
                0.985 if right else 0.015, 0.985 if up else 0.015, text, transform=panel.transAxes, color=MUTED,
                ha="right" if right else "left", va="top" if up else "bottom", fontsize=medium.small,
                fontstyle="italic", zorder=0.9, bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},
            )
        )  # fmt: skip
    renderer = panel.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [tuple(map(float, text.get_window_extent(renderer).extents)) for text in written]


def _draw(sheet: Sheet, panel: Axes, model: str, dot: Dot) -> None:
    style, size = family(dot.variant.family), 0.72 * sheet.medium.font
    about = {"model": model, "variant": dot.variant.label, "family": dot.variant.family}
    x, y = dot.moved, dot.lost
    broad: dict[str, Any] = {"color": style.color, "linewidth": 4.5, "alpha": 0.2, "zorder": 1.5}
    thin: dict[str, Any] = {"color": style.color, "linewidth": 1.1, "alpha": 0.75, "zorder": 2}
    for low, high, line in ((x.decides_low, x.decides_high, broad), (x.low, x.high, thin)):
        if isfinite(low):
            sheet.mark(draw(panel, [low, high], [y.value] * 2, **line), "", **about)
    for low, high, line in ((y.decides_low, y.decides_high, broad), (y.low, y.high, thin)):
        if isfinite(low):
            sheet.mark(draw(panel, [x.value] * 2, [low, high], **line), "", **about)
    hollow = {} if dot.changed else {"markerfacecolor": PAPER, "markeredgecolor": style.color, "markeredgewidth": 1.1}
    marker = draw(panel, [x.value], [y.value], **style.marked(size) | hollow, zorder=3)
    sheet.mark(marker, dot.says, **about)


def _names(sheet: Sheet, panel: Axes, model: str, dots: Sequence[Dot], corners: Iterable[tuple[float, ...]]) -> None:
    medium, crowded = sheet.medium, len(dots) > MOST_NAMES
    bars = [(dot.moved.value, dot.lost.low, dot.lost.high) for dot in dots if isfinite(dot.lost.low)]
    lines = [
        [(dot.moved.low, dot.lost.value), (dot.moved.high, dot.lost.value)] for dot in dots if isfinite(dot.moved.low)
    ]
    around = obstacles(panel, [(dot.moved.value, dot.lost.value) for dot in dots], medium.font * 0.5, bars, lines)
    around = Obstacles(np.vstack([around.boxes, *(np.array([box]) for box in corners)]), around.samples)
    labels = [
        Label(
            shortened(dot.name), ((dot.moved.value, dot.lost.value),), family(dot.variant.family).color, medium.small,
            optional=crowded, key=dot.variant.label,
        )
        for dot in sorted(dots, key=lambda dot: -len(dot.name))
    ]  # fmt: skip
    for label, text in place(panel, labels, around):
        sheet.mark(text, "", model=model, variant=label.key, family="")
