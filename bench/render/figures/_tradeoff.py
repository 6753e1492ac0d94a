"""Accuracy against a size: one panel a model, intervals over seeds, the Pareto front, the controls as reference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.render import labels as lettering
from bench.render.figure import Sheet, panels
from bench.render.labels import Label
from bench.render.plan import Variant
from bench.render.study import BASELINE, OTHER_SEED, RANDOM, Study
from bench.render.style import FAINT, INK, MUTED, Medium, family
from bench.render.table import decimal

TICKS = (99.9, 99.8, 99.5, 99.0, 98.0, 97.0, 95.0, 90.0, 80.0, 70.0, 50.0, 0.0)
NOT_DRAWN = (OTHER_SEED, RANDOM)


@dataclass(frozen=True)
class Point:
    """A variant of one model: size in kB, accuracy in percent with its interval."""

    variant: Variant
    size: float
    top1: float
    low: float
    high: float


def points(study: Study, model: str, metric: str) -> list[Point]:
    """Every variant that has both numbers, the most accurate first."""
    found = []
    for variant in study.plan.variants:
        size, top1 = study.mean(metric, model, variant.label), study.mean("test_accuracy", model, variant.label)
        if variant.label in NOT_DRAWN or not size.n or not top1.n or size.value <= 0:
            continue
        low, high = (100 * (end if np.isfinite(end) else top1.value) for end in (top1.low, top1.high))
        found.append(Point(variant, size.value / 1e3, 100 * top1.value, low, high))
    return sorted(found, key=lambda point: (-point.top1, point.size, point.variant.label))


def front(found: Iterable[Point]) -> list[Point]:
    """The methods (and the original) that no other one beats in both, the smallest first."""
    best: list[Point] = []
    for point in sorted(found, key=lambda point: (point.size, -point.top1)):
        if point.variant.family != "control" and (not best or point.top1 > best[-1].top1):
            best.append(point)
    return best


def paint(study: Study, metric: str, axis: str, every_label: bool, medium: Medium) -> Sheet:
    """The panels, all on one scale."""
    everything = {model: found for model in study.models if (found := points(study, model, metric))}
    sheet, axes = panels(medium, max(len(everything), 1), 4.0, left=0.5, bottom=0.5, top=0.36)
    floor = 50.0 / study.plan.data.counts.get("test", 1000)
    height = partial(_height, floor=floor)
    limits = _limits([point for found in everything.values() for point in found], height)
    for panel, (model, found) in zip(axes, everything.items()):
        panel.set_title(model)
        _frame(panel, limits, height, axis)
        _panel(sheet, panel, study, model, found, height, every_label)
    return sheet


def _height(accuracy: float, floor: float) -> float:
    """Place on the axis: the log of the error, upside down; half an image is the least error that can be drawn."""
    return float(-np.log10(max(100.0 - accuracy, floor)))


def _limits(found: list[Point], height) -> tuple[float, float, float, float]:
    sizes = np.log10([point.size for point in found] or [1.0, 10.0])
    ends = [height(value) for point in found for value in (point.low, point.high)] or [-2.0, 0.0]
    wide, tall = max(np.ptp(sizes), 0.5), max(np.ptp(ends), 0.3)
    return (
        10 ** (sizes.min() - 0.1 * wide),
        10 ** (sizes.max() + 0.1 * wide),
        min(ends) - 0.1 * tall,
        max(ends) + 0.12 * tall,
    )


def _frame(panel: Axes, limits: tuple[float, float, float, float], height, axis: str) -> None:
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


def _apart(ticks: list[float], height, gap: float) -> list[float]:
    kept: list[float] = []
    for tick in ticks:
        if not kept or abs(height(tick) - height(kept[-1])) >= gap:
            kept.append(tick)
    return kept


def _size_ticks(left: float, right: float) -> list[float]:
    decades = range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
    steps = (1, 2, 5) if np.log10(right / left) < 2.6 else (1,)
    return [s * 10.0**d for d in decades for s in steps if left <= s * 10.0**d <= right]


def _panel(sheet: Sheet, panel: Axes, study: Study, model: str, found: list[Point], height, every_label: bool) -> None:
    best = front(found)
    panel.patch.set_gid("")
    sheet.mark(panel.patch, "", panel=model, low=repr(panel.get_xlim()[0]), high=repr(panel.get_xlim()[1]))
    _reference(panel, found, height)
    _draw_front(panel, best, height)
    groups = _sweeps(found)
    for members in groups:
        if len(members) > 1:
            style = family(members[0].variant.family)
            line = sorted(members, key=lambda point: point.size)
            panel.plot(
                [p.size for p in line], [height(p.top1) for p in line], color=style.color, alpha=0.35, linewidth=1.0
            )
    for point in found:
        _draw_point(sheet, panel, study, model, point, height)
    _letter(panel, sheet.medium, groups, found, best, height, every_label)


def _reference(panel: Axes, found: list[Point], height) -> None:
    for point in found:
        if point.variant.label == BASELINE:
            panel.axhspan(height(point.low), height(point.high), color=INK, alpha=0.05, linewidth=0)
            panel.axhline(height(point.top1), color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))


def _draw_front(panel: Axes, best: list[Point], height) -> None:
    if len(best) < 2:
        return
    x, y = [p.size for p in best], [height(p.top1) for p in best]
    panel.plot(x, y, color=INK, alpha=0.16, linewidth=4.5, drawstyle="steps-post", solid_capstyle="round", zorder=1)


def _draw_point(sheet: Sheet, panel: Axes, study: Study, model: str, point: Point, height) -> None:
    style = family(point.variant.family)
    panel.plot([point.size] * 2, [height(point.low), height(point.high)], color=style.color, linewidth=1.1, alpha=0.75)
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
        model=model,
        variant=point.variant.label,
        family=point.variant.family,
        size=repr(point.size),
        top1=repr(point.top1),
    )


def describe(study: Study, model: str, point: Point) -> str:
    """One point in words."""
    half = (point.high - point.low) / 2
    claim = study.claims.get((model, point.variant.label, "accuracy"))
    verdict = f"; accuracy against the original: {claim.verdict.word}" if claim else ""
    spread = f" ± {decimal(half, 2)}" if half > 0 else ""
    return f"{point.variant.title}, {model}: {decimal(point.top1, 2)}%{spread} at {decimal(point.size, 1)} kB{verdict}"


def _sweeps(found: list[Point]) -> list[list[Point]]:
    """Points of one method, or chain of methods, with different settings."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in found:
        groups.setdefault(tuple(stage.method for stage in point.variant.stages), []).append(point)
    return list(groups.values())


def _letter(
    panel: Axes, medium: Medium, groups: list[list[Point]], found: list[Point], best: list[Point], height, every: bool
) -> None:
    radius = medium.font * 0.42
    obstacles = lettering.boxes(panel, [(p.size, height(p.top1)) for p in found], radius)
    obstacles += lettering.bars(panel, [(p.size, height(p.low), height(p.high)) for p in found])
    names, values = [], []
    for members in groups:
        wanted = members if every else [point for point in members if point in best]
        if len(members) == 1 or not every:
            names += [_name(point.variant.title, point, height, medium) for point in wanted]
        else:
            title, settings = sweep_names([point.variant for point in members])
            place = min(members, key=lambda point: point.size)
            middle = sorted(members, key=lambda point: point.size)[len(members) // 2]
            names.append(_name(title, middle if len(members) > 2 else place, height, medium))
            values += [
                Label(text, point.size, height(point.top1), MUTED, medium.small * 0.94, optional=True)
                for text, point in zip(settings, members)
            ]
    lettering.place(panel, [*names, *values], obstacles)


def _name(text: str, point: Point, height, medium: Medium) -> Label:
    short = text if len(text) <= 40 else text[:38].rstrip() + "…"
    return Label(short, point.size, height(point.top1), family(point.variant.family).color, medium.small)


def sweep_names(variants: list[Variant]) -> tuple[str, list[str]]:
    """A sweep's common name, with the setting that is swept, and each member's setting.

    Of "Magnitude (sparsity 0.5)" and "Magnitude (sparsity 0.9)": "Magnitude, by sparsity", then "0.5" and "0.9".
    """
    settings = [
        {(i, name): value for i, stage in enumerate(v.stages) for name, value in stage.settings.items()}
        for v in variants
    ]
    swept = [key for key in settings[0] if len({str(each.get(key)) for each in settings}) > 1]
    names = [name.replace("_", " ") for _, name in swept]
    title = variants[0].title
    for name in names:
        title = re.sub(rf" \([^()]*\b{re.escape(name)}\b[^()]*\)", "", title)
    members = ["/".join(str(each.get(key)) for key in swept) for each in settings]
    return f"{title}, by {' and '.join(names)}" if names else title, members
