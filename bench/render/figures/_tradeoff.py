"""Accuracy against a size: one panel a model, intervals over seeds, the Pareto front, the controls as reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from bench.analysis.claims import claim_on
from bench.analysis.outcomes import primary
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.figures import _key
from bench.render.kit import labels as lettering
from bench.render.kit.figure import Sheet, panels, title
from bench.render.kit.labels import Label
from bench.render.kit.names import methods, shortened, sweep_names, values_alone
from bench.render.kit.style import FAINT, FAMILIES, INK, MUTED, Medium, family
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant

TICKS = (99.9, 99.8, 99.5, 99.0, 98.0, 97.0, 95.0, 90.0, 80.0, 70.0, 50.0, 0.0)
MOST_NAMES = 16  # beyond, only the front is named
NOT_DRAWN = (OTHER_SEED, RANDOM)
Height = Callable[[float], float]  # accuracy in percent to a place on the axis


@dataclass(frozen=True)
class Point:
    """A variant of one model: size in kB, accuracy in percent with its interval."""

    variant: PlannedVariant
    size: float
    top1: float
    low: float
    high: float
    seeds: int


def points(study: Study, model: str, metric: str) -> list[Point]:
    """Every variant that has both numbers, the most accurate first."""
    found = []
    for variant in study.plan.variants:
        size, top1 = study.mean(metric, model, variant.label), study.mean("test_accuracy", model, variant.label)
        if variant.label in NOT_DRAWN or not size.n or not top1.n or size.value <= 0:
            continue
        low, high = (100 * (end if np.isfinite(end) else top1.value) for end in (top1.low, top1.high))
        found.append(Point(variant, size.value / 1e3, 100 * top1.value, low, high, top1.n))
    return sorted(found, key=lambda point: (-point.top1, point.size, point.variant.label))


def front(found: Iterable[Point]) -> list[Point]:
    """The methods (and the original) that no other one beats in both, the smallest first."""
    best: list[Point] = []
    for point in sorted(found, key=lambda point: (point.size, -point.top1)):
        if point.variant.family != "control" and (not best or point.top1 > best[-1].top1):
            best.append(point)
    return best


def paint(study: Study, metric: str, axis: str, medium: Medium) -> Sheet:
    """The panels, all on one scale."""
    everything = {model: found for model in study.models if (found := points(study, model, metric))}
    there = {point.variant.family for found in everything.values() for point in found}
    names = [name for name in FAMILIES if name in there] + sorted(there - set(FAMILIES))
    foot = _key.height(medium, names)
    tall = 4.0 if medium.tallest == float("inf") else 3.4  # inches; on paper it shares a page with the summary
    sheet, axes = panels(medium, max(len(everything), 1), tall, left=0.5, bottom=0.5, top=0.36, foot=foot)
    floor = 50.0 / study.plan.data.counts.get("test", 1000)
    height = partial(_height, floor=floor)
    limits = _limits([point for found in everything.values() for point in found], height)
    for panel, (model, found) in zip(axes, everything.items()):
        title(panel, model)
        _frame(panel, limits, height, axis)
        _panel(sheet, panel, study, model, found, height)
    _key.draw(sheet, names)
    return sheet


def _height(accuracy: float, floor: float) -> float:
    """Place on the axis: the log of the error, upside down; half an image is the least error that can be drawn."""
    return float(-np.log10(max(100.0 - accuracy, floor)))


def _limits(found: list[Point], height: Height) -> tuple[float, float, float, float]:
    sizes = np.log10([point.size for point in found] or [1.0, 10.0])
    ends = [height(value) for point in found for value in (point.low, point.high)] or [-2.0, 0.0]
    wide, tall = max(np.ptp(sizes), 0.5), max(np.ptp(ends), 0.3)
    return (
        10 ** (sizes.min() - 0.1 * wide),
        10 ** (sizes.max() + 0.1 * wide),
        min(ends) - 0.1 * tall,
        max(ends) + 0.2 * tall,
    )


def _frame(panel: Axes, limits: tuple[float, float, float, float], height: Height, axis: str) -> None:
    left, right, low, high = limits
    panel.set_xscale("log")
    panel.set_xlim(left, right)
    panel.set_ylim(low, high)
    ticks = _apart([tick for tick in TICKS if low <= height(tick) <= high], height, (high - low) / 12)
    panel.set_yticks([height(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    steps = _size_ticks(left, right)
    panel.set_xticks(steps, [decimal(step, 0 if step >= 1 else 1) for step in steps])
    panel.set_xticks([], minor=True)
    panel.grid(axis="y")
    panel.set_xlabel(axis)
    panel.set_ylabel("Top-1 accuracy (%), log scale of the error")


def _apart(ticks: list[float], height: Height, gap: float) -> list[float]:
    kept: list[float] = []
    for tick in ticks:
        if not kept or abs(height(tick) - height(kept[-1])) >= gap:
            kept.append(tick)
    return kept


def _size_ticks(left: float, right: float) -> list[float]:
    decades = range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
    steps = (1, 2, 5) if np.log10(right / left) < 2.6 else (1,)
    return [s * 10.0**d for d in decades for s in steps if left <= s * 10.0**d <= right]


def _panel(sheet: Sheet, panel: Axes, study: Study, model: str, found: list[Point], height: Height) -> None:
    best = front(found)
    low, high = panel.get_xlim()
    sheet.mark(panel.patch, "", panel=model, low=repr(float(low)), high=repr(float(high)))
    _reference(panel, found, height)
    _draw_front(panel, best, height)
    groups = _sweeps(found)
    for members in groups:
        if len(members) > 1:
            style = family(members[0].variant.family)
            panel.plot(*zip(*_line(members, height)), color=style.color, alpha=0.35, linewidth=1.0)
    for point in found:
        _draw_point(sheet, panel, study, model, point, height)
    for label, text in _letter(panel, sheet.medium, groups, found, best, height):
        if label.key:
            sheet.mark(text, "", model=model, variant=label.key, family=study.plan.variant(label.key).family)


def _reference(panel: Axes, found: list[Point], height: Height) -> None:
    for point in found:
        if point.variant.label == ORIGINAL:
            panel.axhspan(height(point.low), height(point.high), color=INK, alpha=0.05, linewidth=0)
            panel.axhline(height(point.top1), color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))


def _draw_front(panel: Axes, best: list[Point], height: Height) -> None:
    if len(best) < 2:
        return
    x, y = [p.size for p in best], [height(p.top1) for p in best]
    panel.plot(x, y, color=INK, alpha=0.16, linewidth=4.5, drawstyle="steps-post", solid_capstyle="round", zorder=1)


def _draw_point(sheet: Sheet, panel: Axes, study: Study, model: str, point: Point, height: Height) -> None:
    style = family(point.variant.family)
    about = {"model": model, "variant": point.variant.label, "family": point.variant.family}
    ends = [height(point.low), height(point.high)]
    (bar,) = panel.plot([point.size] * 2, ends, color=style.color, linewidth=1.1, alpha=0.75)
    sheet.mark(bar, "", **about)
    (drawn,) = panel.plot(
        [point.size],
        [height(point.top1)],
        marker=style.marker,
        markersize=style.size * sheet.medium.font * 0.72,
        markerfacecolor="#ffffff" if point.variant.family == "control" else style.color,
        markeredgecolor=style.color if point.variant.family == "control" else "#ffffff",
        markeredgewidth=1.1 if point.variant.family == "control" else 0.6,
        linestyle="none",
        zorder=3,
    )
    sheet.mark(
        drawn,
        describe(study, model, point),
        **about,
        title=point.variant.title,
        size=repr(float(point.size)),
        top1=repr(float(point.top1)),
        seeds=str(point.seeds),
    )


def describe(study: Study, model: str, point: Point) -> str:
    """One point in words."""
    half = (point.high - point.low) / 2
    claim = claim_on(study, model, point.variant.label, primary(study))
    verdict = f"; accuracy against the original: {claim.verdict.word}" if claim else ""
    spread = f" ± {decimal(half, 2)}" if half > 0 else ""
    return f"{point.variant.title}, {model}: {decimal(point.top1, 2)}%{spread} at {decimal(point.size, 1)} kB{verdict}"


def _sweeps(found: list[Point]) -> list[list[Point]]:
    """Points of one method, or chain of methods, with different settings."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in found:
        groups.setdefault(methods(point.variant), []).append(point)
    return list(groups.values())


def _letter(
    panel: Axes,
    medium: Medium,
    groups: list[list[Point]],
    found: list[Point],
    best: list[Point],
    height: Height,
) -> list[tuple[Label, Annotation]]:
    around = lettering.obstacles(
        panel,
        [(p.size, height(p.top1)) for p in found],
        medium.font * 0.42,
        [(p.size, height(p.low), height(p.high)) for p in found],
        [*(_line(members, height) for members in groups), _steps(best, height)],
    )
    names: list[Label] = []
    values: list[Label] = []
    for members in groups:
        if len(groups) > MOST_NAMES:
            names += [_name(values_alone(point.variant), [point], height, medium) for point in members if point in best]
        elif len(members) == 1:
            names.append(_name(values_alone(members[0].variant), members, height, medium))
        else:
            name, swept, settings = sweep_names([point.variant for point in members])
            name = f"{name}, by {' and '.join(swept)}" if swept else name
            names.append(_name(name, members, height, medium))
            values += [_value(text, point, height, medium) for text, point in zip(settings, members)]
    return lettering.place(panel, [*sorted(names, key=_difficulty), *values], around)


def _difficulty(name: Label) -> tuple[int, float]:
    """Names with one place go first, the longest of them before others."""
    return len(name.places), -len(name.text)


def _name(text: str, members: list[Point], height: Height, medium: Medium) -> Label:
    """The name of a point, or of a sweep at any of its points."""
    style = family(members[0].variant.family)
    places = tuple((point.size, height(point.top1)) for point in members)
    key = members[0].variant.label if len(members) == 1 else ""
    return Label(shortened(text), places, style.color, medium.small, key=key)


def _value(text: str, point: Point, height: Height, medium: Medium) -> Label:
    place = ((point.size, height(point.top1)),)
    return Label(text, place, MUTED, medium.small, optional=True, key=point.variant.label)


def _line(members: list[Point], height: Height) -> list[tuple[float, float]]:
    return [(point.size, height(point.top1)) for point in sorted(members, key=lambda point: point.size)]


def _steps(best: list[Point], height: Height) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    for point in best:
        corners += [(point.size, corners[-1][1])] if corners else []
        corners.append((point.size, height(point.top1)))
    return corners
