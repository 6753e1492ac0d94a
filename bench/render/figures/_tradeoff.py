"""The primary outcome against a size: by model, with intervals, what is chosen at each size, and controls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.analysis import wording
from bench.analysis.choice import choosing_levels
from bench.analysis.claims import claim_on
from bench.analysis.outcomes import primary
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.figure import Figure, Sheet, apart, panels, title
from bench.render.kit.labels import Label, obstacles, place
from bench.render.kit.names import methods, shortened, sweep_names, values_alone
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family, in_order
from bench.render.text import captions
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant
from bench.task import with_unit

TICKS = (  # percent of the highest level
    99.9,
    99.8,
    99.5,
    99.0,
    98.0,
    97.0,
    95.0,
    90.0,
    80.0,
    70.0,
    50.0,
    0.0,
)
MOST_NAMES = 16  # of methods; beyond, only the front is named
NOT_DRAWN = (OTHER_SEED, RANDOM)
# Of the key, in font sizes: widths of a letter, of a marker and of the room behind a name, and the height of a line.
LETTER, MARK, GAP, LINE = 0.58, 1.5, 1.6, 1.7


@dataclass(frozen=True)
class Point:
    """A variant of one model.

    Attributes:
        size: kB.
        top1, low, high: the primary outcome with its interval, as printed.
        chosen_by: what it is chosen by, the mean on validation images, or on test images if there are no others.
        top: the highest that it can be.
        floor: the least distance to `top` that can be drawn.
    """

    variant: PlannedVariant
    size: float
    top1: float
    low: float
    high: float
    chosen_by: float
    seeds: int
    top: float
    floor: float

    @property
    def at(self) -> tuple[float, float]:
        """Its place in the panel."""
        return self.size, self.height(self.top1)

    @property
    def ends(self) -> tuple[float, float]:
        """Its interval on the axis."""
        return self.height(self.low), self.height(self.high)

    def height(self, level: float) -> float:
        """Position on the axis: the negative log of the error; the level itself if there is no highest one."""
        # Equal steps are equal ratios of errors: from 98% to 99% is as far as from 80% to 90%.
        return float(-np.log10(max(self.top - level, self.floor))) if np.isfinite(self.top) else level


def points(study: Study, model: str, metric: str) -> list[Point]:
    """Every variant that has both numbers, the most accurate first."""
    drawn, scale = [], study.primary.scale
    choosing = choosing_levels(study, model)
    top = scale * study.primary.highest
    floor = 0.5 * top / study.plan.data.counts.get("test", 1000)  # half a test image
    for variant in study.plan.variants:
        size, top1 = study.mean(metric, model, variant.label), study.level(model, variant.label)
        if variant.label in NOT_DRAWN or not size.n or not top1.n or size.value <= 0:
            continue
        low, high = (scale * (end if np.isfinite(end) else top1.value) for end in (top1.low, top1.high))
        by = choosing[variant.label]
        drawn.append(Point(variant, size.value / 1e3, scale * top1.value, low, high, by, top1.n, top, floor))
    return sorted(drawn, key=lambda point: (-point.top1, point.size, point.variant.label))


def front(drawn: Iterable[Point]) -> list[Point]:
    """What is chosen at each size, of the methods and the original: the Pareto front on validation images."""
    # In order of size, a point belongs to the front if it is more accurate than all smaller ones on the images that
    # choose. Controls are what a method has to be compared with, not a choice, and never belong to it.
    best: list[Point] = []
    for point in sorted(drawn, key=lambda point: (point.size, -point.chosen_by)):
        if point.variant.family != "control" and (not best or point.chosen_by > best[-1].chosen_by):
            best.append(point)
    return best


def figure(
    study: Study, metric: str, axis: str, *, id: str, title: str, sentences: str, alt: str, tools: str = ""
) -> Figure | None:
    """The primary outcome against the metric; None if no variant has both numbers."""
    if not any(points(study, model, metric) for model in study.models):
        return None
    caption = captions.joined(
        sentences,
        captions.levels(study),
        "Tests: see the verdicts.",
    )
    return Figure(id, title, caption, alt, partial(_paint, study, metric, axis), ("results",), tools)


def _paint(study: Study, metric: str, axis: str, medium: Medium) -> Sheet:
    """The panels, all on one scale."""
    by_model = {model: drawn for model in study.models if (drawn := points(study, model, metric))}
    everything = [point for drawn in by_model.values() for point in drawn]
    names = in_order(point.variant.family for point in everything)
    foot = _key_height(medium, names)
    tall = 4.0 if medium.tallest == float("inf") else 3.4  # inches; on paper it shares a page with the summary
    sheet, axes = panels(medium, max(len(by_model), 1), tall, left=0.5, bottom=0.5, top=0.36, foot=foot)
    for panel, (model, drawn) in zip(axes, by_model.items()):
        title(panel, model)
        _frame(panel, everything, axis, study.primary.axis)
        _panel(sheet, panel, study, model, drawn)
    _draw_key(sheet, names)
    return sheet


def _frame(panel: Axes, everything: list[Point], axis: str, label: str) -> None:
    sizes = np.log10([point.size for point in everything])
    ends = [end for point in everything for end in point.ends]
    wide, tall = max(np.ptp(sizes), 0.5), max(np.ptp(ends), 0.3)
    left, right = 10 ** (sizes.min() - 0.1 * wide), 10 ** (sizes.max() + 0.1 * wide)
    low, high = min(ends) - 0.1 * tall, max(ends) + 0.2 * tall
    panel.set_xscale("log")
    panel.set_xlim(left, right)
    panel.set_ylim(low, high)
    top, position = everything[0].top, everything[0].height
    if np.isfinite(top):
        marks = [tick * top / 100 for tick in TICKS]
        ticks = apart([tick for tick in marks if low <= position(tick) <= high], position, (high - low) / 12)
        panel.set_yticks([position(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    steps = _size_ticks(left, right)
    panel.set_xticks(steps, [decimal(step, 0 if step >= 1 else 1) for step in steps])
    panel.set_xticks([], minor=True)
    panel.grid(axis="y")
    panel.set_xlabel(axis)
    panel.set_ylabel(f"{label}, log scale of the error" if np.isfinite(top) else label)


def _size_ticks(left: float, right: float) -> list[float]:
    decades = range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
    steps = (1, 2, 5) if np.log10(right / left) < 2.6 else (1,)
    return [s * 10.0**d for d in decades for s in steps if left <= s * 10.0**d <= right]


def _panel(sheet: Sheet, panel: Axes, study: Study, model: str, drawn: list[Point]) -> None:
    low, high = panel.get_xlim()
    sheet.mark(panel.patch, "", panel=model, low=repr(float(low)), high=repr(float(high)))
    for point in drawn:
        if point.variant.label == ORIGINAL:
            panel.axhspan(*point.ends, color=INK, alpha=0.05, linewidth=0)
            panel.axhline(point.at[1], color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))
    best = front(drawn)
    if len(best) > 1:
        x, y = zip(*(point.at for point in best))
        panel.plot(x, y, color=INK, alpha=0.16, linewidth=4.5, drawstyle="steps-post", solid_capstyle="round", zorder=1)
    sweeps = _sweeps(drawn)
    for members in sweeps:
        if len(members) > 1:
            style = family(members[0].variant.family)
            panel.plot(*zip(*_line(members)), color=style.color, alpha=0.35, linewidth=1.0)
    for point in drawn:
        _draw_point(sheet, panel, study, model, point)
    written = place(panel, _labels(sheet.medium, sweeps, best), _obstacles(sheet.medium, panel, drawn, sweeps, best))
    for label, text in written:
        if label.key:
            sheet.mark(text, "", model=model, variant=label.key, family=study.plan.variant(label.key).family)


def _draw_point(sheet: Sheet, panel: Axes, study: Study, model: str, point: Point) -> None:
    style, (size, y) = family(point.variant.family), point.at
    about = {"model": model, "variant": point.variant.label, "family": point.variant.family}
    (bar,) = panel.plot([size] * 2, point.ends, color=style.color, linewidth=1.1, alpha=0.75)
    sheet.mark(bar, "", **about)
    (marker,) = panel.plot([size], [y], **style.marked(sheet.medium.font * 0.72), zorder=3)
    sheet.mark(
        marker,
        describe(study, model, point),
        **about,
        title=point.variant.title,
        size=repr(float(point.size)),
        top1=repr(float(point.top1)),
        level=_level(study, point),
        seeds=str(point.seeds),
    )


def describe(study: Study, model: str, point: Point) -> str:
    """One point in words."""
    half = (point.high - point.low) / 2
    claim = claim_on(study, model, point.variant.label, primary(study))
    verdict = f"; {study.primary.noun} against its reference: {wording.verdict(claim)}" if claim else ""
    spread = f" ± {decimal(half, study.primary.digits)}" if half > 0 else ""
    return f"{point.variant.title}, {model}: {_level(study, point)}{spread} at {decimal(point.size, 1)} kB{verdict}"


def _level(study: Study, point: Point) -> str:
    return with_unit(decimal(point.top1, study.primary.digits), study.primary.level_unit)


def _sweeps(drawn: list[Point]) -> list[list[Point]]:
    """Points of one method, or chain of methods, with different settings."""
    sweeps: dict[tuple[str, ...], list[Point]] = {}
    for point in drawn:
        sweeps.setdefault(methods(point.variant), []).append(point)
    return list(sweeps.values())


def _obstacles(medium: Medium, panel: Axes, drawn: list[Point], sweeps: list[list[Point]], best: list[Point]):
    """What labels keep off: points with their intervals, the lines of sweeps, and the front's steps."""
    steps: list[tuple[float, float]] = []
    for size, y in (point.at for point in best):
        steps += [(size, steps[-1][1])] if steps else []
        steps.append((size, y))
    bars = [(point.size, *point.ends) for point in drawn]
    return obstacles(panel, [p.at for p in drawn], medium.font * 0.42, bars, [*map(_line, sweeps), steps])


def _labels(medium: Medium, sweeps: list[list[Point]], best: list[Point]) -> list[Label]:
    """Names of points and sweeps, then the settings of a sweep's points."""
    # Labels are placed in order, and each keeps off those before it. A sweep's name may stand at any of its points, so
    # it gives way to names that have one place; of these the longest are hardest to place. Settings go last, and only
    # where there is room beside their point.
    names: list[Label] = []
    values: list[Label] = []
    for members in sweeps:
        if len(sweeps) > MOST_NAMES:
            names += [_name(values_alone(point.variant), [point], medium) for point in members if point in best]
        elif len(members) == 1:
            names.append(_name(values_alone(members[0].variant), members, medium))
        else:
            name, swept, settings = sweep_names([point.variant for point in members])
            names.append(_name(f"{name}, by {' and '.join(swept)}" if swept else name, members, medium))
            values += [
                Label(text, (point.at,), MUTED, medium.small, optional=True, key=point.variant.label)
                for text, point in zip(settings, members)
            ]
    return [*sorted(names, key=lambda name: (len(name.places), -len(name.text))), *values]


def _name(text: str, members: list[Point], medium: Medium) -> Label:
    """The name of a point, or of a sweep at any of its points."""
    color = family(members[0].variant.family).color
    key = members[0].variant.label if len(members) == 1 else ""
    return Label(shortened(text), tuple(point.at for point in members), color, medium.small, key=key)


def _line(members: list[Point]) -> list[tuple[float, float]]:
    return [point.at for point in sorted(members, key=lambda point: point.size)]


def _key_height(medium: Medium, names: Sequence[str]) -> float:
    """Inches at the wide medium's font that the key needs."""
    return (len(_key_lines(medium, names)) * LINE + 0.6) * medium.small / 72 / medium.grow


def _draw_key(sheet: Sheet, names: Sequence[str]) -> None:
    """A marker and a name per family at the foot of the sheet, since not every family has a name in the drawing."""
    medium = sheet.medium
    width, tall = sheet.drawing.get_size_inches() * 72 / medium.small  # in font sizes
    lines = _key_lines(medium, names)
    for row, line in enumerate(lines):
        x, y = 1.0, (len(lines) - row - 0.5) * LINE
        for name in line:
            marker = Line2D([(x + 0.4) / width], [y / tall], **family(name).marked(medium.font * 0.72))
            sheet.drawing.add_artist(marker)
            sheet.drawing.text(
                (x + MARK) / width, y / tall, name, fontsize=medium.small, color=MUTED, va="center_baseline"
            )
            x += MARK + LETTER * len(name) + GAP


def _key_lines(medium: Medium, names: Sequence[str]) -> list[list[str]]:
    """Names in lines that fit the medium's width."""
    room, used = medium.width * 72 / medium.small - 2, 0.0
    lines: list[list[str]] = [[]]
    for name in names:
        width = MARK + LETTER * len(name) + GAP
        if lines[-1] and used + width > room:
            lines.append([])
            used = 0.0
        lines[-1].append(name)
        used += width
    return lines
