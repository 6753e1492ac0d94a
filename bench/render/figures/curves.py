"""Learning curves: every training, and the fine-tuning after compression."""

from __future__ import annotations

from functools import partial
from math import isfinite, nan

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures._lines import LINES, End, name_ends, panel_height
from bench.render.kit.figure import Figure, Sheet, panels, title
from bench.render.kit.names import compact
from bench.render.kit.style import INK, Medium, family
from bench.render.text import captions

STEEP = 20.0  # ratio of losses beyond which their axis is logarithmic


def build(study: Study) -> Figure | None:
    """The figure; None if no curve was kept."""
    history, noun = _history(study), study.primary.noun
    if history.empty:
        return None
    return Figure(
        "curves",
        "Learning curves",
        f"Training: validation {noun} after each epoch. A thin line is a seed, the thick one their mean.",
        "Line plot of training and fine-tuning against epoch; every value is in the data file of learning curves.",
        partial(_paint, study),
        ("learning",),
        details=captions.joined(
            f"Fine-tuning: {_of_finetuning(study)[0].lower() + _of_finetuning(study)[1:]} after each epoch, means over "
            "seeds of every method that trains on. Epochs of a chain are counted over all its stages."
            if (history["kind"] == "compress").any()
            else "",
            "Test images choose nothing. No intervals: the seeds are drawn. No tests.",
        ),
    )


def _history(study: Study) -> pd.DataFrame:
    """Every epoch with a value, as `level`: of trainings the primary outcome, of fine-tunings see `_of_finetuning`."""
    history, primary = study.results.history, study.primary
    if not len(history):
        return history.iloc[:0]
    level = primary.scale * history[primary.validation] if primary.validation in history else history["loss"] * nan
    tuning = history["kind"] == "compress"
    if _by_loss(study):
        level = level.where(~tuning, history["loss"])
    # A chain's stages each count from 1; one after another they are one curve.
    count = history.groupby(["kind", "model", "variant", "seed"]).cumcount() + 1
    history = history.assign(level=level, epoch=history["epoch"].where(~tuning, count))
    return history[np.isfinite(history["level"].astype(float))]


def _by_loss(study: Study) -> bool:
    """Whether fine-tunings kept their training loss alone: methods see no validation image while they train."""
    history, validation = study.results.history, study.primary.validation
    tuning = history["kind"] == "compress"
    return validation not in history or not history.loc[tuning, validation].notna().any()


def _of_finetuning(study: Study) -> str:
    """What its curves show."""
    return "Training loss" if _by_loss(study) else f"Validation {study.primary.level}"


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
        title(panel, f"{title_of(study, model)}, {'training' if kind == 'train' else 'fine-tuning'}")
        panel.set_xlabel("Epoch")
        of_loss = kind == "compress" and _by_loss(study)
        panel.set_ylabel(_of_finetuning(study) if kind == "compress" else f"Validation {study.primary.level}")
        panel.grid(axis="y")
        levels = history.loc[history["kind"] == kind, "level"]
        panel.set_ylim(*(_ends_of_loss(panel, levels) if of_loss else _ends(study, levels)))
        (_training if kind == "train" else _finetuning)(panel, study, runs, medium)
    return sheet


def _ends_of_loss(panel: Axes, losses: pd.Series) -> tuple[float, float]:
    """Ends of the axis, which is logarithmic where one method starts far above the others."""
    low, high = float(losses.min()), float(losses.max())
    if low > 0 and high > STEEP * low:
        panel.set_yscale("log")
        return low / 1.1, high * 1.1
    room = 0.05 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _ends(study: Study, levels: pd.Series) -> tuple[float, float]:
    """Ends of the axis: one scale for all trainings, and one for all fine-tunings."""
    # The room above and below is never 0, or a flat curve would have an axis without height. What cannot be negative,
    # as a detector's AP, gets no room for it.
    low, high = levels.min(), levels.max()
    highest = study.primary.scale * study.primary.highest
    room = 0.05 * max(high - low, highest / 20 if isfinite(highest) else 0.0)
    top = high + room
    return -0.03 * top if 0 <= low < room else low - room, top


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
