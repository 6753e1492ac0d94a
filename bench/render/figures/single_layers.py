"""Sensitivity curves: a panel per layer, in order of depth."""

from __future__ import annotations

from functools import partial
from math import isfinite

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.networks import title_of
from bench.analysis.single_layers import KIND_TITLES, SingleLayer, layers, level_words, loss_unit
from bench.analysis.study import Study
from bench.diagnose.sensitivity.levels import KINDS, rounds
from bench.render.figures._lines import evenly
from bench.render.figures._mosaic import anchor
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.prose import listed
from bench.render.kit.style import FAINT, INK, MUTED, Medium
from bench.render.text import captions

ACROSS = {"wide": 5, "narrow": 2, "print": 4}
MOST = 20  # panels of a figure
STEPS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)  # nats, that an axis may name
LINES = {True: (INK, "-"), False: (MUTED, (0, (4, 2)))}  # by whether statistics are taken again


def build(study: Study) -> list[Figure]:
    """One figure per network and kind of change."""
    pairs = [(model, kind) for model in study.models for kind in KINDS]
    curves = {pair: [x for x in layers(study) if (x.model, x.kind) == pair] for pair in pairs}
    return [_figure(study, *pair, lines) for pair, lines in curves.items() if lines]


def _figure(study: Study, model: str, kind: str, lines: list[SingleLayer]) -> Figure:
    shown = evenly(lines, MOST)
    left_out = "" if len(shown) == len(lines) else f" {len(shown)} of {len(lines)} layers are drawn, evenly by depth."
    retaken = any(line.retaken for line in lines)
    return Figure(
        anchor(f"single-layers-{kind}", model),
        f"Sensitivity of {title_of(study, model)}, one layer at a time: {KIND_TITLES[kind]}",
        "Rise of the loss with one layer alone compressed."
        + (" Solid: statistics re-taken. Dashed: as they were." if retaken else "")
        + " Dotted: what is tolerated.",
        f"Small line plots of the rise of the loss against {_axis(kind).lower()}, one per layer in order of depth; "
        "every value is in the data file.",
        partial(_paint, shown, f" ({unit})" if (unit := loss_unit(study)) else ""),
        ("single-layers-levels", "single-layers"),
        finding=_finding(study, kind, lines, retaken=retaken),
        details=captions.joined(
            f"Lines: means over seeds. Shaded: from the lowest seed to the highest. The axis is linear up to the "
            f"tolerated rise and logarithmic beyond.{left_out}",
            captions.of_curves(study, [kind.removeprefix("stream-")]),
            captions.seeds(study),
            "No tests.",
        ),
    )


def _finding(study: Study, kind: str, lines: list[SingleLayer], *, retaken: bool) -> str:
    """Which layers mind most."""
    levels = {line.target: line.level(retaken=retaken).value for line in lines}
    levels = {name: level for name, level in levels.items() if isfinite(level)}
    if len(levels) < 2:
        return ""
    least, most = (end(levels.values()) for end in ((max, min) if rounds(kind) else (min, max)))
    under = "With statistics re-taken, " if retaken else ""
    levels_of = lines[0].levels
    if least == most:
        words = (
            "no layer tolerates any level"
            if least == levels_of[0]
            else f"all layers tolerate {_said(kind, lines, most)}"
        )
        return f"{under}{words}." if under else f"{words[:1].upper()}{words[1:]}."
    first = [name for name, level in levels.items() if level == least]
    verb = "tolerates" if len(first) == 1 else "tolerate"
    words = "none of the levels" if least == levels_of[0] else f"the least: {_said(kind, lines, least)}"
    return f"{under}{listed(first, most=2)} {verb} {words}."


def _said(kind: str, lines: list[SingleLayer], level: float) -> str:
    """A level in words; one that lies between those measured is a mean over seeds."""
    return f"{level_words(kind, level)}{'' if level in lines[0].levels else ' on average'}"


def _axis(kind: str) -> str:
    return "Bits" if rounds(kind) else "Pruned (%)"


def _paint(lines: list[SingleLayer], unit: str, medium: Medium) -> Sheet:
    across = ACROSS[medium.layout]
    sheet, axes = panels(medium, len(lines), 1.55, columns=across, left=0.46, right=0.12, top=0.3, bottom=0.42)
    ends = _ends(lines)
    for index, (panel, line) in enumerate(zip(axes, lines)):
        _frame(panel, line, ends, unit, first=index % min(across, len(lines)) == 0, last=index + across >= len(lines))
        more = f" +{line.layers - 1}" if line.layers > 1 else ""
        title(panel, f"{line.depth} {line.target}{more}")
        for retaken, (color, dashes) in LINES.items():
            _draw(panel, line, color, dashes, retaken=retaken)
    return sheet


def _ends(lines: list[SingleLayer]) -> tuple[float, float]:
    """Of the common axis of all panels."""
    rises = np.concatenate([line.rises(retaken=retaken).ravel() for line in lines for retaken in LINES])
    rises = rises[np.isfinite(rises)]
    delta = lines[0].rise
    return min(float(rises.min(initial=0.0)), -0.1 * delta) * 1.1, max(float(rises.max(initial=0.0)), 2 * delta) * 1.2


def _frame(panel: Axes, line: SingleLayer, ends: tuple[float, float], unit: str, *, first: bool, last: bool) -> None:
    delta, positions = line.rise, _positions(line)
    panel.set_yscale("symlog", linthresh=delta)
    panel.set_ylim(*ends)
    named = [0.0, delta, *(step for step in STEPS if delta * 2 < step < ends[1])]
    named = named[:2] + named[2:][:: max(1, len(named) // 4)]
    panel.set_yticks(named, [f"{tick:g}" for tick in named] if first else [""] * len(named))
    panel.minorticks_off()
    if rounds(line.kind):
        panel.set_xticks(positions, [f"{level:g}" for level in line.levels])
    else:
        panel.set_xticks([0, 50, 100])
    last_position = max(positions[-1], 1.0) if rounds(line.kind) else 100.0
    panel.set_xlim(-0.04 * last_position, 1.04 * last_position)
    panel.axhline(delta, color=FAINT, linewidth=0.8, linestyle=(0, (1, 2)))
    panel.axhline(0, color=FAINT, linewidth=0.5)
    if first:
        panel.set_ylabel(f"Rise{unit}")
    if last:
        panel.set_xlabel(_axis(line.kind))


def _positions(line: SingleLayer) -> list[float]:
    """Where levels stand: pruned shares in percent, bits at equal distances from many to few."""
    return [float(index) for index in range(len(line.levels))] if rounds(line.kind) else [100 * x for x in line.levels]


def _draw(panel: Axes, line: SingleLayer, color: str, dashes: object, *, retaken: bool) -> None:
    rises = line.rises(retaken=retaken)
    measured = np.isfinite(rises).any(0)
    if not measured.any():
        return
    x, rises = np.array(_positions(line))[measured], rises[:, measured]
    panel.fill_between(x, np.nanmin(rises, 0), np.nanmax(rises, 0), color=color, alpha=0.14, linewidth=0)
    panel.plot(x, np.nanmean(rises, 0), color=color, linestyle=dashes, linewidth=1.1)
