"""Where it starts: the similarity of every method to the original by depth, as threads behind those that are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.cards import cards
from bench.analysis.departures import blocks
from bench.analysis.inside import first_scaled, yardstick
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal, measure_title
from bench.render.figures._depth import Curve, Scale
from bench.render.figures._lines import End, block_axis, intervals, name_ends
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import anchors, compact, short
from bench.render.kit.prose import counted
from bench.render.kit.style import FAINT, INK, MUTED, Medium, family
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM

BANDS = {CONTROL: "fine-tuned", OTHER_SEED: "another seed", RANDOM: "random weights"}
ROOM = {1: 0.42, 2: 0.3}  # share of a panel's width for the names at its right, by columns of the medium
TALL = 3.7  # inches at the wide medium's font


def build(study: Study) -> list[Figure]:
    """One figure per network and convention of features; of a network that was compared."""
    return list(_figures(study))


def _figures(study: Study) -> Iterator[Figure]:
    name = first_scaled(study.plan)
    for feature in study.plan.features:
        for model, anchor in anchors(study.models).items():
            curves = _curves(study, model, feature, name)
            if not set(curves) - set(BANDS):
                continue
            id_ = f"start-{feature}-{anchor}"
            yield Figure(
                id_,
                "Where it starts",
                "Grey: all other methods and controls.",  # which are not depends on the pair that a reader chooses
                f"Line plot of {measure_title(study, name)} against depth for {title_of(study, model)}, "
                f"{feature} features.",
                partial(_paint, study, model, feature),
                ("blocks",),
                tools="threads",
                network=model,
                option=f"{feature} features",
                finding=_finding(study, model, curves),
                details=captions.joined(
                    f"{measure_title(study, name)} of each block to the original's, {feature} features; "
                    "the axis is the log of the distance from equal features. Bands: fine-tuning alone, another seed, "
                    "and random weights. A block counts as changed where its distance beyond the "
                    "reference's is shown to exceed the margin (Benjamini-Hochberg over methods and blocks).",
                    captions.inside_margins(study),
                    captions.seeds(study),
                    "Intervals: 95%, over seeds and probe images. Tests by block: see the table.",
                ),
                summary=_summary(study, model, curves, id_),
            )


def _curves(study: Study, model: str, feature: str, name: str) -> dict[str, Curve]:
    """Blocks in order of depth, by variant; without those that have no value."""
    curves: dict[str, Curve] = {}
    for claim in blocks(study):
        if (claim.model, claim.feature, claim.measure) == (model, feature, name) and np.isfinite(claim.value.value):
            curves.setdefault(claim.variant, []).append(claim)
    return curves


def _chosen(study: Study, model: str, curves: dict[str, Curve]) -> str:
    """The method that is drawn in colour: that of the first card, or else the first method."""
    methods = [variant.label for variant in study.plan.methods if variant.label in curves]
    others = [label for label in curves if label not in BANDS]
    shown = [card.label for card in cards(study)[model].shown]
    return next((label for label in shown if label in methods), (methods or others)[0])


def _start(study: Study, curve: Curve) -> int | None:
    """The depth of the first block that is shown to have changed."""
    return next((claim.depth for claim in curve if claim.departs(study.plan.alpha)), None)


def _finding(study: Study, model: str, curves: dict[str, Curve]) -> str:
    """In which block the methods start to differ from the original."""
    tested = {label: curve for label, curve in curves.items() if any(np.isfinite(claim.p_corrected) for claim in curve)}
    if not tested:
        return f"No block of {title_of(study, model)} can be shown to have changed."
    starts = [_start(study, curve) for curve in tested.values()]
    first, never = starts.count(0), starts.count(None)
    deeper = len(starts) - first - never
    rest = [f"{deeper} in a deeper one"] * bool(deeper) + [f"{never} in none"] * bool(never)
    by = short(measure_title(study, first_scaled(study.plan)))
    methods = f"On {title_of(study, model)}, {first} of {counted(len(starts), 'method')}"
    return "; ".join([f"{methods} changed in the first block by {by}", *rest]) + "."


def _summary(study: Study, model: str, curves: dict[str, Curve], id_: str) -> Table | None:
    """Where each method starts, and its value in the first and in the last block."""

    def value(at: int):
        return lambda curve: Datum(curve[at].value.value, _end(curve[at].value.low), _end(curve[at].value.high))

    def start(curve: Curve) -> Datum:
        if study.plan.variant(curve[0].variant).control:
            return Datum()
        depth = _start(study, curve)
        return Datum(hole="none shown") if depth is None else Datum(depth + 1)

    columns: list[Column[Curve]] = [
        Column("title", "Method", "text", "As printed.", lambda curve: study.plan.variant(curve[0].variant).title),
        Column("start", "First changed block", "number", "Counted from the input.", start),
        Column("first", "First block", "estimate", "Similarity there.", value(0), digits=3, ends=True),
        Column("last", "Last block", "estimate", "Similarity there.", value(-1), digits=3, ends=True),
    ]
    return tabulate(
        f"{id_}-summary", f"Where it starts: {title_of(study, model)}", "", columns, {"": list(curves.values())}
    )


def _end(end: float) -> float | None:
    return end if np.isfinite(end) else None


def _paint(study: Study, model: str, feature: str, medium: Medium) -> Sheet:
    name = first_scaled(study.plan)
    curves = _curves(study, model, feature, name)
    read, everything = yardstick(study.plan, name), [claim for curve in curves.values() for claim in curve]
    sheet, (panel, *_) = panels(medium, 1, TALL, left=0.72, bottom=0.48, top=0.34, columns=1)
    scale = Scale.of(read, False, everything)
    title(panel, f"{title_of(study, model)}, {feature} features")
    medium = replace(medium, names=ROOM[medium.columns])
    block_axis(panel, 1 + max(claim.depth for claim in everything), medium)
    scale.frame(panel)
    panel.set_ylabel(f"{panel.get_ylabel()} to the original")
    ends = [_top(panel, scale, everything)] if scale.by_log else []
    for label, words in BANDS.items():
        if label in curves:
            ends.append(_band(panel, scale, curves[label], words))
    chosen = _chosen(study, model, curves)
    for label, curve in curves.items():
        if label not in BANDS and label != chosen:
            _thread(sheet, panel, study, scale, curve)
    line = _line(sheet, panel, study, scale, curves[chosen])
    for end, text in name_ends(panel, [*ends, line], medium):
        if end is line:  # a name steps back with its line
            sheet.mark(text, "", model=model, variant=chosen, family=study.plan.variant(chosen).family)
    return sheet


def _top(panel: Axes, scale: Scale, everything: Curve) -> End:
    """The original itself, which is as near as can be drawn."""
    last, height = max(claim.depth for claim in everything), scale.height(scale.yardstick.best)
    panel.plot([0, last], [height, height], color=INK, linewidth=1.2)
    return End(last, height, "original", INK)


def _heights(scale: Scale, curve: Curve) -> tuple[list[int], list[float], list[float], list[float]]:
    """Depths, then values and the ends of their intervals on the axis."""
    middle, low, high = (list(map(scale.height, ends)) for ends in intervals([claim.value for claim in curve]))
    return [claim.depth for claim in curve], middle, low, high


def _band(panel: Axes, scale: Scale, curve: Curve, words: str) -> End:
    x, middle, low, high = _heights(scale, curve)
    panel.fill_between(x, low, high, color=INK, alpha=0.1, linewidth=0)
    style = (0, (4, 3)) if words == BANDS[CONTROL] else "-"
    panel.plot(x, middle, color=MUTED, linewidth=1.1, linestyle=style)
    return End(x[-1], middle[-1], words, MUTED, italic=True)


def _thread(sheet: Sheet, panel: Axes, study: Study, scale: Scale, curve: Curve) -> None:
    x, middle, _, _ = _heights(scale, curve)
    (line,) = panel.plot(
        x, middle, color=FAINT, linewidth=1.0, alpha=0.8, marker="o" if len(x) == 1 else "", zorder=1.8
    )
    _mark(sheet, line, study, curve)


def _line(sheet: Sheet, panel: Axes, study: Study, scale: Scale, curve: Curve) -> End:
    variant = study.plan.variant(curve[0].variant)
    style, (x, middle, low, high) = family(variant.family), _heights(scale, curve)
    shade = panel.fill_between(x, low, high, color=style.color, alpha=0.18, linewidth=0)
    sheet.mark(shade, "", model=curve[0].model, variant=variant.label, family=variant.family)
    (line,) = panel.plot(
        x, middle, color=style.color, linewidth=2.0, marker=style.marker, markersize=sheet.medium.font * 0.5, zorder=3
    )
    _mark(sheet, line, study, curve)
    return End(x[-1], middle[-1], compact(study.plan)[variant.label], style.color)


def _mark(sheet: Sheet, line, study: Study, curve: Curve) -> None:
    """Name a thread for a pointer: from its first value to its last, and where it starts."""
    variant, start = study.plan.variant(curve[0].variant), _start(study, curve)
    changed = "no block" if start is None else f"block {start + 1} of {len(curve)}"
    first, last = (decimal(claim.value.value, 3) for claim in (curve[0], curve[-1]))
    sheet.mark(
        line,
        f"{variant.title}, {title_of(study, curve[0].model)}: {first} in the first block, {last} in the last; "
        f"first changed: {changed}.",
        model=curve[0].model,
        variant=variant.label,
        family=variant.family,
    )
