"""Recall of each class less the reference's: all networks as dots, with the intervals of the two that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.lost import LostImages, lost
from bench.analysis.networks import title_of
from bench.analysis.recalls import Recalls, recalls
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.figures._mosaic import anchor
from bench.render.kit.figure import Figure, Sheet, panels
from bench.render.kit.names import compact, cut
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.style import INK, RULE, Medium, family
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate

TOOLS = "hurt"  # the pictures that stand above it on the page
MOST_CLASSES = 12  # rows
LINEAR = 2.0  # points beyond which the axis is logarithmic
TICKS = (-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100)
ROW = 0.25  # inches per class, at the wide medium's font
LANES = 0.7  # share of a row's height that the networks share


@dataclass(frozen=True)
class _Line:
    """One network's dots."""

    variant: PlannedVariant
    recalls: Recalls


def build(study: Study) -> list[Figure]:
    """One figure per network; none if the task has no classes, or no method can be compared."""
    return [_figure(study, model, lines) for model in study.models if (lines := _lines(study, model))]


def _lines(study: Study, model: str) -> list[_Line]:
    """Methods and controls with recalls; none if no method has them."""
    known = recalls(study)
    lines = [
        _Line(variant, known[model, variant.label])
        for variant in study.plan.variants
        if (model, variant.label) in known
    ]
    return lines if any(not line.variant.control for line in lines) else []


def classes(lines: Sequence[Recalls]) -> list[int]:
    """Indices of the classes that are drawn: all, or of many those that change most on average over the networks."""
    change = np.abs(np.stack([line.values for line in lines]))
    known = np.isfinite(change).any(axis=0)
    mean = np.where(known, np.nansum(change, axis=0) / np.maximum(np.isfinite(change).sum(axis=0), 1), -1.0)
    most = np.argsort(-mean, kind="stable")[:MOST_CLASSES]
    return sorted(index for index in most.tolist() if known[index])


def _figure(study: Study, model: str, lines: list[_Line]) -> Figure:
    drawn = classes([line.recalls for line in lines])
    total = len(lines[0].recalls.values)
    of_many = f" Shown: {len(drawn)} of {total:,} classes, those that change most." if len(drawn) < total else ""
    return Figure(
        anchor("recall", model),
        "Who is hurt",
        "Above: lost images, with class → answer and its votes. Below: recall by class.",
        f"Dot plot of how each compressed {title_of(study, model)} changes the recall of each class; every value is "
        "in the data file.",
        partial(_paint, study, model, lines, drawn),
        ("exemplars", "classes"),
        tools=TOOLS,
        network=model,
        finding=finding(study, model),
        details=(
            "Lost: most seeds of the original are right and most seeds of the compressed network are wrong. Under each "
            "picture: its class, the most frequent wrong answer, and the seeds that give it. Recall: share of a "
            f"class's test images that are right, less the reference's.{of_many} Reference: the original, or a control "
            "that was trained for as long. Lines: 95% intervals for new seeds and images, not corrected. "
            f"The axis is logarithmic beyond ±{LINEAR:g} points."
        ),
        summary=_summary(study, model, lines),
    )


def finding(study: Study, model: str) -> str:
    """Which method costs the most images, and how many cost none."""
    methods = {v.label: known for v in study.plan.methods if (known := lost(study).get((model, v.label)))}
    network = title_of(study, model)
    if not methods:
        return f"Nothing is known of the images that {network} loses."
    names, images = compact(study.plan), study.plan.data.counts.get("test", 0)
    counts = {label: known.count for label, known in methods.items()}
    none = sum(not count for count in counts.values())
    most = max(counts, key=lambda label: counts[label])
    lost_by_most = f"{counts[most]:,}{f' of {images:,}' if images else ''}"
    if len(counts) == 1:
        count = lost_by_most if counts[most] else "no"
        return f"{names[most]} costs {network} {count} images that most originals get right."
    if none == len(counts):
        return f"None of {none} methods costs {network} an image that most originals get right."
    if none:
        costs = "costs" if none == 1 else "cost"
        return (
            f"{none} of {len(counts)} methods {costs} {network} no image that most originals get right; "
            f"{names[most]} costs {lost_by_most}."
        )
    return f"Every method costs {network} images that most originals get right; {names[most]} costs {lost_by_most}."


@dataclass(frozen=True, kw_only=True)
class _Hurt(Network):
    """A network with what it loses."""

    study: Study
    lost: LostImages | None
    recalls: Recalls | None

    @property
    def worst(self) -> str | Datum:
        """The class that loses the most recall."""
        if self.recalls is None:
            return Datum()
        return listed(list(map(self.study.plan.data.named, self.recalls.worst)), most=3)

    @property
    def change(self) -> Estimate | Datum:
        """Of that class."""
        if self.recalls is None or not self.recalls.worst:
            return Datum()
        return self.recalls.effects.estimates[self.recalls.worst[0]]


COLUMNS: tuple[Column[_Hurt], ...] = (
    *NAMES,
    Column("images", "Images lost", "number", "Most originals are right, and most of its own are wrong.",
           lambda net: net.lost.count if net.lost else Datum()),
    Column("worst", "Most hurt class", "text", "The class, or classes, that lose the most recall to the reference.",
           lambda net: net.worst),
    Column("recall", "Its recall", "estimate", "Less the reference's.", lambda net: net.change, "points", 1,
           signed=True, ends=True, scale=100),
)  # fmt: skip


def _summary(study: Study, model: str, lines: list[_Line]) -> Table | None:
    variants = [line.variant for line in lines]
    rows = [
        _Hurt(study, model, net.variant, study=study, lost=lost(study).get((model, net.label)),
              recalls=recalls(study)[model, net.label])
        for net in networks(study, variants)[title_of(study, model)]
    ]  # fmt: skip
    return tabulate(
        anchor("hurt-summary", model), "Who is hurt", "Less the reference's.", COLUMNS, {title_of(study, model): rows}
    )


def _paint(study: Study, model: str, lines: list[_Line], drawn: list[int], medium: Medium) -> Sheet:
    longest = max(len(study.plan.data.named(index)) for index in drawn)
    names = min(0.45 + 0.085 * longest, 1.9 if medium.columns > 1 else 1.1)
    height = ROW * len(drawn) + 0.75
    sheet, (panel,) = panels(medium, 1, height, left=names, right=0.2, top=0.12, bottom=0.5)
    panel.set_xscale("symlog", linthresh=LINEAR, linscale=0.9)
    panel.set_xlim(*_ends(lines, drawn))
    panel.set_ylim(len(drawn) - 0.5, -0.5)
    _axes(panel, study, drawn, medium, names)
    lanes = np.linspace(-LANES / 2, LANES / 2, len(lines)) if len(lines) > 1 else np.zeros(1)
    for line, lane in zip(lines, lanes):
        _draw(sheet, panel, study, model, line, drawn, float(lane))
    return sheet


def _ends(lines: Sequence[_Line], drawn: Sequence[int]) -> tuple[float, float]:
    """Ends of the axis: a tick at or beyond every interval, and at least one on either side."""
    chosen = [line.recalls.effects.estimates[index] for line in lines for index in drawn]
    values = 100 * np.array([(one.value, one.low, one.high) for one in chosen])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    lower = max((tick for tick in TICKS if tick <= min(low, -1)), default=-100)
    upper = min((tick for tick in TICKS if tick >= max(high, 1)), default=100)
    return 1.08 * lower, 1.08 * upper


def _axes(panel: Axes, study: Study, drawn: Sequence[int], medium: Medium, names: float) -> None:
    low, high = panel.get_xlim()
    wide = medium.columns > 1
    ticks = [tick for tick in TICKS if low <= tick <= high and (wide or abs(tick) % 3)]
    panel.set_xticks(ticks, [decimal(tick, 0, signed=bool(tick)) for tick in ticks])
    panel.set_xticks([], minor=True)
    scale = f"; log scale beyond ±{LINEAR:g}" if wide else ""
    panel.set_xlabel(f"Recall less the reference's (points{scale})")
    panel.grid(axis="x")
    letters = medium.letters((names - 0.3) * medium.grow, 6)
    panel.set_yticks(range(len(drawn)), [cut(study.plan.data.named(index), letters) for index in drawn])
    panel.set_ylabel("Class")
    panel.yaxis.set_label_coords(0.14 * medium.grow / medium.width, 0.5, transform=panel.figure.transFigure)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.hlines(np.arange(len(drawn) - 1) + 0.5, 0, 1, RULE, linewidth=0.6, transform=panel.get_yaxis_transform())
    panel.axvline(0, color=INK, linewidth=0.9, zorder=1)


def _draw(sheet: Sheet, panel: Axes, study: Study, model: str, line: _Line, drawn: Sequence[int], lane: float) -> None:
    """One network's dots in its own lane of each row, and their intervals as one path."""
    # The path is broken at NaN: a page hides the intervals of all networks but the two that are compared, and one
    # element per network is quickly hidden.
    style, chosen = family(line.variant.family), [line.recalls.effects.estimates[index] for index in drawn]
    rows = np.arange(len(drawn)) + lane
    ends = np.clip(100 * np.array([(one.low, one.high, np.nan) for one in chosen]), -100, 100)
    about = {"model": model, "variant": line.variant.label, "family": line.variant.family}
    if np.isfinite(ends).any():
        (bars,) = panel.plot(
            ends.ravel(), rows.repeat(3), color=style.color, linewidth=1.1, alpha=0.4, solid_capstyle="butt", zorder=2
        )
        sheet.mark(bars, "", **about, part="interval")
    (dots,) = panel.plot(
        [100 * one.value for one in chosen], rows, **style.marked(0.5 * sheet.medium.font), zorder=3, clip_on=False
    )
    sheet.mark(dots, f"{line.variant.title}: {_spoken(study, line.recalls)}", **about)


def _spoken(study: Study, recall: Recalls) -> str:
    """The class that loses the most, and how much."""
    if not recall.worst:
        return "no class loses recall"
    change = recall.effects.estimates[recall.worst[0]]
    low, high = (decimal(100 * end, 1, signed=True) for end in (change.low, change.high))
    interval = f" [{low}, {high}]" if np.isfinite([change.low, change.high]).all() else ""
    points = f"{decimal(100 * change.value, 1, signed=True)} points{interval}"
    verb = "loses" if len(recall.worst) == 1 else "lose"
    names = listed(list(map(study.plan.data.named, recall.worst)), most=3)
    return f"{'class' if len(recall.worst) == 1 else 'classes'} {names} {verb} most, {points}"
