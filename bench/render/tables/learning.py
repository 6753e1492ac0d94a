"""Learning curves epoch by epoch, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset

NAMES = ("model", "seed", "variant", "kind", "epoch")


def build(study: Study) -> Dataset | None:
    """One row per epoch of a training or fine-tuning; None if there is none."""
    history = study.results.history
    metrics = sorted(set(history.columns) - {*NAMES, "key"})
    fields = {name: Field("Which network and epoch.", title=name) for name in NAMES}
    fields |= {name: Field("At the end of the epoch.", "number", name) for name in metrics}
    text = "One row an epoch."
    return dataset("learning", "Learning curves", text, history, fields)
