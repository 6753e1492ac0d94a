"""The primary outcome against a size: contenders at close quarters, the collapsed in a strip below, and what ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bench.analysis import wording
from bench.analysis.claims import claim_on
from bench.analysis.networks import title_of
from bench.analysis.outcomes import primary
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.figures import _key
from bench.render.figures._points import Point, TieBand, chance_of, floor, original, points, sweeps, ties
from bench.render.kit.figure import Sheet, line, panels, title
from bench.render.kit.labels import VEIL, Label, Obstacles, obstacles, place
from bench.render.kit.names import shortened, sweep_names, values_alone
from bench.render.kit.style import FAINT, INK, MUTED, PAPER, Medium, family, in_order
from bench.roles import ORIGINAL
from bench.task import with_unit

MOST_NAMES = 16  # of methods; beyond, all but the leaders are named only where there is room
MOST_VALUES = 4  # of a sweep, one by one in its name
Extent = tuple[float, ...]  # left, bottom, right, top in display coordinates
STRIP, CHANCE_ALONE, GAP = 1.25, 0.3, 0.09  # inches at the wide medium's font


@dataclass(frozen=True)
class Panel:
    """One network's part of a drawing.

    Attributes:
        sweeps: all points, see `_points.sweeps`.
        floor: the level below which methods have collapsed.
        steps: what ties at each size.
    """

    study: Study
    model: str
    sweeps: list[list[Point]]
    floor: float
    chance: float | None
    steps: list[TieBand]

    @property
    def points(self) -> list[Point]:
        """All of them."""
        return [point for sweep in self.sweeps for point in sweep]

    @property
    def contenders(self) -> list[Point]:
        """Those that have not collapsed."""
        return [point for point in self.points if point.level >= self.floor]

    @property
    def collapsed(self) -> list[Point]:
        """All others."""
        return [point for point in self.points if point.level < self.floor]

    @property
    def leaders(self) -> set[str]:
        """Labels of what is best, or tied with the best, at some size; and the original's."""
        first = original(self.points)
        return {label for step in self.steps for label in step.labels} | ({first.variant.label} if first else set())


def panel_of(study: Study, model: str, metric: str) -> Panel | None:
    """What is drawn of a network; None if no variant has both numbers."""
    drawn = points(study, model, metric)
    if not drawn:
        return None
    # Budgets are of packed bytes, so that other sizes have no ties to show.
    steps = ties(study, model) if metric == "payload_bytes" else []
    return Panel(study, model, sweeps(drawn), floor(study, model, drawn), chance_of(study, model), steps)


def paint(parts: Sequence[Panel], axis: str, medium: Medium) -> Sheet:
    """One panel per network, with its strip below, and the key of families at the foot."""
    names = in_order(point.variant.family for part in parts for point in part.points)
    tall = 4.4 if medium.tallest == float("inf") else 4.0  # inches
    foot = _key.height(medium, names)
    sheet, axes = panels(medium, len(parts), tall, left=0.55, bottom=0.5, top=0.34, foot=foot)
    for panel, part in zip(axes, parts):
        title(panel, title_of(part.study, part.model))
        _draw(sheet, panel, part, axis)
    _key.draw(sheet, names)
    return sheet


def _draw(sheet: Sheet, panel: Axes, part: Panel, axis: str) -> None:
    contenders, collapsed = part.contenders, part.collapsed
    low, high = _limits(part, contenders)
    below = part.chance is not None and part.chance < low
    strip = _strip(sheet, panel, STRIP if collapsed else CHANCE_ALONE) if collapsed or below else None
    panel.set_ylim(low, high)
    panel.set_ylabel(part.study.primary.axis)
    panel.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    for box in filter(None, (panel, strip)):
        _sizes(box, part.points)
        box.grid(axis="y")
    lowest = strip or panel
    lowest.set_xlabel(axis)
    if strip is not None:
        panel.tick_params(axis="x", length=0, labelbottom=False)
        panel.spines["bottom"].set_visible(False)
        _scale_strip(strip, part, collapsed, low)
    _contents(sheet, panel, part, contenders, _named(part, contenders, sheet.medium), [])
    if strip is not None:
        words = _words(strip, part, sheet.medium)
        _contents(sheet, strip, part, collapsed, _named_with_level(part, collapsed, sheet.medium), words)


def _limits(part: Panel, contenders: Sequence[Point]) -> tuple[float, float]:
    """Ends of the upper axis: all contenders, and their intervals as far as these leave room for them."""
    levels = [point.level for point in contenders]
    least, most = min(levels), max(levels)
    span = max(most - least, 4 * part.study.plan.margins.accuracy)
    low = max(min(point.low for point in contenders), least - 0.5 * span) - 0.06 * span
    high = min(max(point.high for point in contenders), most + 0.5 * span) + 0.12 * span
    top = part.study.primary.scale * part.study.primary.highest
    return low, min(high, max(top, most) + 0.08 * (high - low)) if isfinite(top) else high


def _strip(sheet: Sheet, panel: Axes, height: float) -> Axes:
    """Give the lower part of a panel to a strip of its own."""
    tall = sheet.drawing.get_figheight()
    height, gap = height * sheet.medium.grow / tall, GAP * sheet.medium.grow / tall
    box = panel.get_position()
    panel.set_position((box.x0, box.y0 + height + gap, box.width, box.height - height - gap))
    return sheet.drawing.add_axes((box.x0, box.y0, box.width, height))


def _scale_strip(strip: Axes, part: Panel, collapsed: Sequence[Point], above: float) -> None:
    levels = [point.level for point in collapsed] + ([part.chance] if part.chance is not None else [])
    least, most = min(levels), max(levels)
    span = max(most - least, 4 * part.study.plan.margins.accuracy)
    strip.set_ylim(least - 0.14 * span, most + (0.5 if collapsed else 0.35) * span)  # with room for words at the top
    # What lies above the floor belongs to the other axis, and so does its tick.
    ticks = MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]).tick_values(least - 0.14 * span, most) if collapsed else [least]
    strip.set_yticks([tick for tick in ticks if least - 0.14 * span <= tick <= min(above, most + 0.2 * span)])
    unit = part.study.primary.level_unit
    strip.yaxis.set_major_formatter(lambda tick, _: with_unit(f"{tick:g}".replace("-", "−"), unit))


def _sizes(panel: Axes, drawn: Sequence[Point]) -> None:
    """The axis of sizes: in powers of ten, with as many steps between as there is room for."""
    sizes = np.log10([point.size for point in drawn])
    wide = max(float(np.ptp(sizes)), 0.5)
    left, right = 10 ** (sizes.min() - 0.1 * wide), 10 ** (sizes.max() + 0.1 * wide)
    panel.set_xscale("log")
    panel.set_xlim(left, right)
    decades = range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
    steps = (1, 2, 5) if np.log10(right / left) < 2.6 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps if left <= step * 10.0**decade <= right]
    panel.set_xticks(
        ticks, [decimal(tick, 0 if tick >= 1 else max(-int(np.floor(np.log10(tick))), 1)) for tick in ticks]
    )
    panel.set_xticks([], minor=True)


def _contents(
    sheet: Sheet, box: Axes, part: Panel, drawn: Sequence[Point], names: Sequence[Label], words: Sequence[Extent]
) -> None:
    """What lies between a part's axes; `words` are the boxes of what is already written there."""
    low, high = box.get_xlim()
    sheet.mark(box.patch, "", panel=part.model, low=repr(float(low)), high=repr(float(high)))
    _band(box, part.steps)
    first = original(part.points)
    bottom, top = box.get_ylim()
    lines: list[list[tuple[float, float]]] = []
    if first and bottom <= first.level <= top:
        box.axhline(first.level, color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))
        lines.append([(low, first.level), (high, first.level)])
    for sweep in (sweep for sweep in part.sweeps if len(sweep) > 1):
        style = family(sweep[0].variant.family)
        (joint,) = box.plot(*zip(*(point.at for point in sweep)), color=style.color, alpha=0.35, linewidth=1.0)
        sheet.mark(joint, "", model=part.model, family=sweep[0].variant.family)
        lines.append([(point.size, min(max(point.level, bottom), top)) for point in sweep])
    if part.chance is not None:
        lines.append([(low, part.chance), (high, part.chance)])
    for point in sorted(drawn, key=lambda point: point.variant.label == ORIGINAL):  # the original on top
        _draw_point(sheet, box, part, point)
    bars = [(point.size, max(point.low, bottom), min(point.high, top)) for point in drawn]
    around = obstacles(box, [point.at for point in drawn], sheet.medium.font * 0.5, bars, lines)
    for label, text in place(box, names, _beside(around, words)):
        if label.key:
            sheet.mark(text, "", model=part.model, variant=label.key, family=part.study.plan.variant(label.key).family)


def _band(box: Axes, steps: Sequence[TieBand]) -> None:
    """Shade, from each size to the next, the levels that cannot be told from the best."""
    if steps:
        sizes = [step.size for step in steps] + [box.get_xlim()[1]]
        lows, highs = ([getattr(step, end) for step in (*steps, steps[-1])] for end in ("low", "high"))
        box.fill_between(sizes, lows, highs, step="post", color=INK, alpha=0.09, linewidth=0.8, zorder=0.8)


def _words(box: Axes, part: Panel, medium: Medium) -> list[Extent]:
    """Write what the strip holds and where chance is; return the boxes in display coordinates."""
    bottom, top = box.get_ylim()
    written = []
    style: dict[str, Any] = {
        "fontsize": medium.small,
        "color": MUTED,
        "ha": "right",
        "transform": box.get_yaxis_transform(),
    }
    if part.chance is not None and bottom <= part.chance <= top:
        box.axhline(part.chance, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        level = with_unit(decimal(part.chance, 0 if part.chance >= 1 else 1), part.study.primary.level_unit)
        written.append(box.text(0.995, part.chance, f"chance: {level}", va="bottom", **style))
    if part.collapsed:
        lost = with_unit(decimal(_best(part) - part.floor, 1).removesuffix(".0"), part.study.primary.unit)
        written.append(box.text(0.995, top, f"more than {lost} below the best", va="top", bbox=VEIL, **style))
    renderer = box.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [tuple(map(float, text.get_window_extent(renderer).extents)) for text in written]


def _best(part: Panel) -> float:
    return max(point.level for point in part.points)


def _beside(around: Obstacles, boxes: Sequence[Extent]) -> Obstacles:
    return Obstacles(np.vstack([around.boxes, *(np.array([box]) for box in boxes)]), around.samples)


def _draw_point(sheet: Sheet, box: Axes, part: Panel, point: Point) -> None:
    style, (size, y), medium = family(point.variant.family), point.at, sheet.medium
    about = {"model": part.model, "variant": point.variant.label, "family": point.variant.family}
    bottom, top = box.get_ylim()
    bar = line(box, [size] * 2, [point.low, point.high], color=style.color, linewidth=1.1, alpha=0.75)
    sheet.mark(bar, "", **about)
    for end, head, beyond in ((bottom, "v", point.low < bottom), (top, "^", point.high > top)):
        if beyond:  # an interval that goes on
            arrow = {"marker": head, "markersize": medium.font * 0.4, "markeredgewidth": 0.0}
            line(box, [size], [end], color=style.color, clip_on=False, **arrow)
    marked = style.marked(medium.font * 0.72)
    if point.shade < 1:  # nothing shines through a light marker
        line(box, [size], [y], **marked | {"markerfacecolor": PAPER}, zorder=3)
    marker = line(box, [size], [y], **marked, alpha=point.shade, zorder=3)
    sheet.mark(
        marker,
        describe(part.study, part.model, point),
        **about,
        title=point.variant.title,
        size=repr(float(point.size)),
        top1=repr(float(point.level)),
        level=level_of(part.study, point),
        seeds=str(point.seeds),
    )


def describe(study: Study, model: str, point: Point) -> str:
    """One point in words."""
    half = (point.high - point.low) / 2
    claim = claim_on(study, model, point.variant.label, primary(study))
    verdict = f"; {study.primary.noun} against its reference: {wording.verdict(claim)}" if claim else ""
    spread = f" ± {decimal(half, study.primary.digits)}" if half > 0 else ""
    network = f"{point.variant.title}, {title_of(study, model)}"
    return f"{network}: {level_of(study, point)}{spread} at {decimal(point.size, 1)} kB{verdict}"


def level_of(study: Study, point: Point) -> str:
    """A point's outcome with its unit."""
    return with_unit(decimal(point.level, study.primary.digits), study.primary.level_unit)


# Controls as large as the original are trained as it was: their markers lie on its own, where a name would be read as
# the original's. The key and their tooltips name them.
def _nameable(part: Panel, drawn: Sequence[Point]) -> set[str]:
    """Labels of the variants whose names are written."""
    first = original(part.points)
    beside = {
        point.variant.label
        for point in drawn
        if first and point.variant.control and point.variant.label != ORIGINAL and point.size >= 0.99 * first.size
    }
    return {point.variant.label for point in drawn} - beside


# Labels are placed in order, and each keeps off those before it. A sweep's name may stand at any of its points, so it
# gives way to names that have one place; of these the longest are hardest to place. Settings go last, and only where
# there is room beside their point. Where there are many, those that lead go first and the others only fill room.
def _named(part: Panel, drawn: list[Point], medium: Medium) -> list[Label]:
    """Names of points and sweeps, then the settings of a sweep's points."""
    names: list[Label] = []
    values: list[Label] = []
    crowded = len(part.sweeps) > MOST_NAMES
    nameable = _nameable(part, drawn)
    for sweep in part.sweeps:
        members = [point for point in sweep if point.variant.label in nameable]
        if not members:
            continue
        lead = any(point.variant.label in part.leaders for point in members)
        name, settings = _sweep_name(sweep)
        names.append(_label(name, members, medium, optional=crowded and not lead))
        if len(sweep) > 1 and not (crowded and medium.columns == 1):
            values += [
                Label(settings[point.variant.label], (point.at,), MUTED, medium.small, True, point.variant.label)
                for point in members
            ]
    return [*sorted(names, key=lambda name: (name.optional, len(name.places), -len(name.text))), *values]


def _named_with_level(part: Panel, drawn: list[Point], medium: Medium) -> list[Label]:
    """Each point's name with its level, which the strip is too low to show."""
    return [
        _label(f"{values_alone(point.variant)}: {_in_short(part.study, point)}", [point], medium, optional=False)
        for point in sorted(drawn, key=lambda point: point.level)
    ]


def _in_short(study: Study, point: Point) -> str:
    return with_unit(decimal(point.level, min(study.primary.digits, 1)), study.primary.level_unit)


def _sweep_name(sweep: list[Point]) -> tuple[str, dict[str, str]]:
    """A sweep's name with the values of its settings, from its lightest marker on; and the values by label."""
    if len(sweep) == 1:
        return values_alone(sweep[0].variant), {}
    name, swept, values = sweep_names([point.variant for point in sweep])
    listed = ", ".join(values) if len(values) <= MOST_VALUES else f"{values[0]} to {values[-1]}"
    settings = {point.variant.label: value for point, value in zip(sweep, values)}
    return (f"{name}, {' and '.join(swept)} {listed}" if swept else name), settings


def _label(text: str, members: list[Point], medium: Medium, *, optional: bool) -> Label:
    """The name of a point, or of a sweep at any of its points."""
    color = family(members[0].variant.family).color
    key = members[0].variant.label if len(members) == 1 else ""
    return Label(shortened(text), tuple(point.at for point in members), color, medium.small, optional, key)
