"""Learning curves epoch by epoch, for the data files."""

from __future__ import annotations

from bench.analysis.metrics import metric_of
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset
from bench.roles import ORIGINAL

NAMES = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The method's label; original for a training.", identifies=True),
    "seed": Field("Of the training.", "number", identifies=True),
    "kind": Field("Whether a cell trained the original or compressed it.", identifies=True),
    "epoch": Field("From 1.", "number", identifies=True),
}


def build(study: Study) -> Dataset | None:
    """One row per epoch of a training or fine-tuning; None if there is none."""
    history = study.results.history
    printed = {name: metric_of(study, name) for name in sorted(set(history.columns) - {*NAMES, "key"})}
    frame = history.assign(
        variant=history["variant"].replace("", ORIGINAL),
        **{name: history[name] * metric.scale for name, metric in printed.items()},
    )
    fields = NAMES | {
        name: Field("At the end of the epoch.", "number", unit=metric.unit) for name, metric in printed.items()
    }
    return dataset("learning", "Learning curves", "One row per epoch.", frame, fields)
