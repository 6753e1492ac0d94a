"""Learning curves: every training, and the fine-tuning after compression."""

from __future__ import annotations

from functools import partial
from math import isfinite

import pandas as pd
from matplotlib.axes import Axes

from bench.analysis.study import Study
from bench.render.figures._lines import LINES, End, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact
from bench.render.kit.style import INK, Medium, family
from bench.render.text import captions


def build(study: Study) -> Figure | None:
    """The figure; None if no curve was kept."""
    history, noun = _history(study), study.primary.noun
    if history.empty:
        return None
    return Figure(
        "curves",
        "Learning curves",
        captions.joined(
            f"Validation {noun} after each epoch; test images choose nothing. Training: a thin line a seed, the mean "
            "thick.",
            "Fine-tuning: means over seeds of every variant that trains on."
            if (history["kind"] == "compress").any()
            else "",
            captions.seeds(study),
            "No intervals: the seeds are drawn. No tests.",
        ),
        f"Line plot of validation {noun} against epoch; every value is in the data file of learning curves.",
        partial(_paint, study),
        ("learning",),
    )


def _history(study: Study) -> pd.DataFrame:
    """Every epoch after which the task's primary outcome was measured on validation images, as `level`."""
    history, primary = study.results.history, study.primary
    if primary.validation not in history:
        return history.iloc[:0]
    return history.assign(level=primary.scale * history[primary.validation]).dropna(subset=["level"])


def _paint(study: Study, medium: Medium) -> Sheet:
    history = _history(study)
    pairs = [
        (model, kind)
        for kind in ("train", "compress")
        for model in study.models
        if ((history["model"] == model) & (history["kind"] == kind)).any()
    ]
    height = panel_height(history.loc[history["kind"] == "compress", "variant"].nunique())
    sheet, axes = panels(medium, len(pairs), height, left=0.5, bottom=0.48, top=0.34)
    for panel, (model, kind) in zip(axes, pairs):
        runs = history[(history["model"] == model) & (history["kind"] == kind)]
        title(panel, f"{model}, {'training' if kind == 'train' else 'fine-tuning'}")
        panel.set_xlabel("Epoch")
        panel.set_ylabel(f"Validation {study.primary.level}")
        panel.grid(axis="y")
        panel.set_ylim(*_ends(study, history[history["kind"] == kind]))
        (_training if kind == "train" else _finetuning)(panel, study, runs, medium)
    return sheet


def _ends(study: Study, history: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: one scale for all trainings, and one for all fine-tunings."""
    # The room above and below is never 0, or a flat curve would have an axis without height.
    low, high = history["level"].min(), history["level"].max()
    highest = study.primary.scale * study.primary.highest
    room = 0.05 * max(high - low, highest / 100 if isfinite(highest) else 0.0)
    return low - room, high + room


def _training(panel: Axes, study: Study, history: pd.DataFrame, medium: Medium) -> None:
    for _, run in history.groupby("seed"):
        panel.plot(run["epoch"], run["level"], color=INK, linewidth=0.7, alpha=0.3)
    mean = history.groupby("epoch")["level"].mean()
    panel.plot(mean.index, mean, color=INK, linewidth=1.6)
    _ticks(panel, int(history["epoch"].min()), int(history["epoch"].max()))


def _finetuning(panel: Axes, study: Study, history: pd.DataFrame, medium: Medium) -> None:
    means = history.groupby(["variant", "epoch"])["level"].mean()
    first, last = float(history["epoch"].min()), float(history["epoch"].max())
    names, ends = compact(study.plan), []
    drawn = [v for v in study.plan.variants if v.label in means.index.get_level_values(0)]
    for index, variant in enumerate(drawn):
        curve, style = means[variant.label], family(variant.family)
        line = LINES[index % len(LINES)]
        panel.plot(curve.index, curve, color=style.color, linestyle=line, marker=style.marker, markersize=2.6)
        ends.append(End(last, float(curve.iloc[-1]), names[variant.label], style.color))
    panel.set_xlim(first - 0.05 * (last - first), first + max(last - first, 1.0) / (1 - medium.names))
    name_ends(panel, ends, medium)
    _ticks(panel, int(first), int(last))


def _ticks(panel: Axes, first: int, last: int) -> None:
    """At most eight epochs, integers."""
    ticks = range(first, last + 1, max(1, -(-(last + 1 - first) // 8)))
    panel.set_xticks(list(ticks), list(map(str, ticks)))
