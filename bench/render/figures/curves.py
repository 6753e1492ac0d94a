"""Learning curves: every training, and the fine-tuning after compression."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from bench.analysis.study import Study
from bench.render.figures._lines import LINES, End, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact
from bench.render.kit.style import INK, Medium, family
from bench.render.text import captions

METRIC = "validation_accuracy"


def build(study: Study) -> Figure | None:
    """The figure; None if no curve was kept."""
    if METRIC not in study.results.history or study.results.history[METRIC].dropna().empty:
        return None
    return Figure(
        "curves",
        "Learning curves",
        captions.joined(
            "Validation accuracy after each epoch; test images choose nothing. Training: a thin line a seed, the mean "
            "thick.",
            "Fine-tuning: means over seeds of every variant that trains on." if _finetuned(study) else "",
            captions.seeds(study),
            "No intervals: the seeds are drawn. No tests.",
        ),
        "Line plot of validation accuracy against epoch; every value is in the data file of learning curves.",
        partial(_paint, study),
        ("learning",),
    )


def _finetuned(study: Study) -> bool:
    return bool((study.results.history.dropna(subset=[METRIC])["kind"] == "compress").any())


def _paint(study: Study, medium: Medium) -> Sheet:
    history = study.results.history.dropna(subset=[METRIC])
    wanted = [
        (model, kind)
        for kind in ("train", "compress")
        for model in study.models
        if ((history["model"] == model) & (history["kind"] == kind)).any()
    ]
    height = panel_height(history.loc[history["kind"] == "compress", "variant"].nunique())
    sheet, axes = panels(medium, len(wanted), height, left=0.5, bottom=0.48, top=0.34)
    for panel, (model, kind) in zip(axes, wanted):
        runs = history[(history["model"] == model) & (history["kind"] == kind)]
        title(panel, f"{model}, {'training' if kind == 'train' else 'fine-tuning'}")
        panel.set_xlabel("Epoch")
        panel.set_ylabel("Validation accuracy (%)")
        panel.grid(axis="y")
        panel.set_ylim(*_ends(history[history["kind"] == kind]))
        (_training if kind == "train" else _finetuning)(panel, study, runs, medium)
    return sheet


def _ends(history: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis in percent: one scale for all trainings, and one for all fine-tunings."""
    low, high = 100 * float(history[METRIC].min()), 100 * float(history[METRIC].max())
    room = 0.05 * max(high - low, 1.0)
    return low - room, high + room


def _training(panel: Axes, study: Study, history: pd.DataFrame, medium: Medium) -> None:
    for _, run in history.groupby("seed"):
        panel.plot(run["epoch"], 100 * run[METRIC], color=INK, linewidth=0.7, alpha=0.3)
    mean = history.groupby("epoch")[METRIC].mean()
    panel.plot(mean.index, 100 * mean, color=INK, linewidth=1.6)
    _ticks(panel, int(history["epoch"].min()), int(history["epoch"].max()))


def _finetuning(panel: Axes, study: Study, history: pd.DataFrame, medium: Medium) -> None:
    means = history.groupby(["variant", "epoch"])[METRIC].mean()
    first, last = float(history["epoch"].min()), float(history["epoch"].max())
    names, ends = compact(study.plan), []
    drawn = [v for v in study.plan.variants if v.label in means.index.get_level_values(0)]
    for index, variant in enumerate(drawn):
        curve, style = means[variant.label], family(variant.family)
        line = LINES[index % len(LINES)]
        panel.plot(curve.index, 100 * curve, color=style.color, linestyle=line, marker=style.marker, markersize=2.6)
        ends.append(End(last, 100 * float(curve.iloc[-1]), names[variant.label], style.color))
    panel.set_xlim(first - 0.05 * (last - first), first + max(last - first, 1.0) / (1 - medium.names))
    name_ends(panel, ends, medium)
    _ticks(panel, int(first), int(last))


def _ticks(panel: Axes, first: int, last: int) -> None:
    """At most eight epochs, integers."""
    ticks = range(first, last + 1, max(1, -(-(last + 1 - first) // 8)))
    panel.set_xticks(list(ticks), list(map(str, ticks)))
