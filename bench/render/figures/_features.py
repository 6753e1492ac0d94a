"""Draws the figure of features: a panel per measure, a row per method, names at the left and words at the right."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import IdentityTransform, ScaledTranslation, Transform

from bench.analysis import wording
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.landmarks import LANDMARKS
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal, measure_title
from bench.render.figures._feature_rows import KINDS, Row, rows, shown
from bench.render.kit.figure import Sheet, apart, empty, inset, points_across
from bench.render.kit.figure import line as draw
from bench.render.kit.names import cut, short
from bench.render.kit.style import FAINT, INK, MUTED, PAPER, RULE, Medium, family
from bench.roles import CONTROL

NAMES, WORDS = 2.35, 1.15  # inches at the wide medium's font, on a wide page: names at the left, words at the right
ROW, TALL = 0.215, 5.4  # inches at that font: of a row, and of all rows beyond which they move closer together
TOP, BOTTOM, GAP = 0.34, 0.5, 0.12


def paint(study: Study, model: str, medium: Medium) -> Sheet:
    lines, names = rows(study, model), shown(study)
    narrow, grow = medium.columns == 1, medium.grow
    # A narrow page has no room for names beside three panels, so that each stands above its row.
    step = _step(medium, len(lines))
    height = step * len(lines)
    sheet = empty(medium, (TOP + height + BOTTOM) * grow)
    left, right = (0.12, 0.1) if narrow else (NAMES, WORDS)
    sheet.cuts = tuple((TOP + step * row) * grow for row in range(1, len(lines)))
    width = (medium.width / grow - left - right - GAP * (len(names) - 1)) / len(names)
    axes = [
        inset(sheet, (left + index * (width + GAP)) * grow, BOTTOM * grow, width * grow, height * grow)
        for index in range(len(names))
    ]
    first = sum(row.claim is None for row in lines)
    for panel, name in zip(axes, names):
        panel.set_ylim(len(lines) - 0.5, -0.5)
        panel.spines["left"].set_visible(False)
        panel.set_yticks([])
        panel.hlines(
            range(len(lines)), 0, 1, color=RULE, linewidth=0.6, zorder=0.5, transform=panel.get_yaxis_transform()
        )
        panel.axhline(first - 0.5, color=FAINT, linewidth=0.7)
        _scale(panel, study, name, lines)
        _dots(sheet, panel, study, model, name, lines, narrow)
    _name(axes, lines, medium)
    return sheet


def _step(medium: Medium, count: int) -> float:
    """Inches at the wide medium's font from row to row."""
    lines = 2.45 if medium.columns == 1 else 1.0
    least = 1.12 * lines * medium.small / 72 / medium.grow
    tallest = min(medium.tallest / medium.grow - TOP - BOTTOM, inf if medium.columns == 1 else TALL)
    return max(min(ROW * (1.6 if medium.columns == 1 else 1.0), tallest / count), least)


def _name(axes: Sequence[Axes], lines: Sequence[Row], medium: Medium) -> None:
    """Names and words of the rows: at both sides of the panels, or above each row where a page is narrow."""
    narrow, first, last = medium.columns == 1, axes[0], axes[-1]
    room = medium.width * 0.64 if narrow else (NAMES - 0.15) * medium.grow
    style: dict[str, Any] = {"fontsize": medium.small, "va": "center", "zorder": 4}
    up: Transform = IdentityTransform()
    if narrow:  # words lie on what is drawn, and hide it
        style["bbox"] = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.0}
        up = ScaledTranslation(0, 0.95 * medium.small / 72, first.figure.dpi_scale_trans)
    outside = 0.0 if narrow else 0.02
    left, right = ("left", "right") if narrow else ("right", "left")
    for row, line in enumerate(lines):
        name, color = cut(line.name, medium.letters(room, 12, 0.56)), MUTED if line.claim is None else INK
        slant = "italic" if line.claim is None else "normal"
        first.text(
            -outside, row, name, color=color, fontstyle=slant, ha=left, transform=first.get_yaxis_transform() + up,
            **style,
        )  # fmt: skip
        if line.word:
            across = last.get_yaxis_transform() + up
            last.text(1 + outside, row, line.word, color=line.color, ha=right, transform=across, **style)


def _root(values):
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values):
    return np.sign(values) * np.square(values)


def _scale(panel: Axes, study: Study, name: str, lines: Sequence[Row]) -> None:
    """A square-root axis that holds every dot, with the margin among its ticks, and the landmarks as lines."""
    # Most networks are near 0 and random weights are far from 1: a linear axis would crowd the first, and a logarithmic
    # one has no 0. Below 0 lie losses of a probe that reads a network better than the original: the root is odd.
    margin = study.plan.margins.accuracy if name == CROSS_PROBE else study.plan.margins.inside
    marks = {row.name: row.landmarks[name].value for row in lines if name in row.landmarks}
    several = [row.places[name].distance for row in lines if name in row.places]
    values = [distance.value for distance in several]
    ends = [end for distance in several for end in (distance.low, distance.high) if isfinite(end)]
    far = max([*marks.values(), *values, 2 * margin])
    near = min([0.0, *values])
    right = _square(1.06 * _root(max(far, min(max(ends, default=far), 1.3 * far))))
    left = min(-0.04 * margin, 1.2 * near, max(min(ends, default=0.0), 1.5 * near - margin if near < 0 else 0.0))
    span = _root(right) - _root(left)
    left = _square(_root(left) - 0.03 * span)
    panel.set_xscale("function", functions=(_root, _square))
    panel.set_xlim(left, right)
    span = _root(right) - _root(left)
    unit = points_across(panel) / span
    candidates = [
        0.0,
        margin,
        *([1.0] if name != CROSS_PROBE else []),
        *(s * 10.0**d for d in (1, 0, -1) for s in (1, 5, 2)),
        4.0,
    ]
    ticks = apart([tick for tick in candidates if left <= tick <= right], lambda tick: unit * float(_root(tick)), 22.0)
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.set_xticks([], minor=True)
    for words, value in marks.items():
        style = (0, (4, 3)) if words == LANDMARKS[CONTROL] else "-"
        panel.axvline(value, color=FAINT, linewidth=0.8, linestyle=style, zorder=0.7)
    panel.set_xlabel("Points" if name == CROSS_PROBE else "Seed-equivalents")
    small = float(panel.xaxis.label.get_fontsize())
    measure = short(measure_title(study, name))
    text = f"{KINDS[name]}: {measure}" if name in KINDS else measure
    room = int(points_across(panel) / (0.6 * small))
    panel.set_title(text if len(text) <= room else cut(KINDS.get(name, measure), max(room, 6)), fontsize=0.95 * small)


def _dots(sheet: Sheet, panel: Axes, study: Study, model: str, name: str, lines: Sequence[Row], narrow: bool) -> None:
    """Every row's dot with its intervals, and where its margin lies."""
    size, reach = 0.62 * sheet.medium.font, 0.16 if narrow else 0.3
    by, network = measure_title(study, name), title_of(study, model)
    for row, line in enumerate(lines):
        style = family(line.variant.family)
        about = {"model": model, "variant": line.variant.label, "family": line.variant.family}
        if name in line.landmarks:
            value = line.landmarks[name].value
            tall = (0.9 if narrow else 1.3) * size
            tick = draw(panel, [value], [row], marker="|", markersize=tall, linestyle="none", color=INK, zorder=3)
            sheet.mark(tick, f"{line.name.capitalize()}, {network}: {_amount(name, value)} by {by}.", **about)
        there = line.places.get(name)
        if there is None:
            continue
        # Rows do not meet, so that what is drawn later may follow row after row: a page then holds one mark per row.
        parts: list[Artist] = []
        if isfinite(there.low):
            parts.append(draw(panel, [there.low, there.high], [row, row], color=line.color, linewidth=4.5, alpha=0.3))
        if isfinite(there.distance.low):
            ends = [there.distance.low, there.distance.high]
            parts.append(draw(panel, ends, [row, row], color=style.color, linewidth=1.3, alpha=0.85))
        if isfinite(there.margin):
            parts.append(draw(panel, [there.margin] * 2, [row - reach, row + reach], color=INK, linewidth=1.0))
        marker = draw(
            panel, [there.distance.value], [row], marker=style.marker, markersize=style.size * size, linestyle="none",
            markerfacecolor=style.color, markeredgecolor=PAPER, markeredgewidth=0.5,
        )  # fmt: skip
        for order, part in enumerate((*parts, marker)):
            part.set_zorder(2 + (row + order / 8) / (2 * len(lines)))
        first, *others = (*parts, marker)
        sheet.mark(first, _said(line, network, name, by), *others, **about)


def _said(line: Row, network: str, name: str, by: str) -> str:
    """One dot in words."""
    claim = line.claim.measures[name] if line.claim else None
    word = wording.measure_word(claim) if claim else ""
    return (
        f"{line.variant.title}, {network}: {_amount(name, line.places[name].distance.value)} from the original by {by}"
        f"{f', {word}' if word else ''}. Features: {line.word}."
    )


def _amount(name: str, value: float) -> str:
    return f"{decimal(value, 2)} {'points' if name == CROSS_PROBE else 'seed-equivalents'}"
