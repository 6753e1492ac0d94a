"""Every number of every look inside, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset

FIELDS = {
    "diagnostic": Field("Name of the look inside."),
    "model": Field("Name of the network."),
    "seed": Field("Of the training.", "number"),
    "variant": Field("The variant's label."),
    "metric": Field("What was measured, as the diagnostic calls it."),
    "value": Field("As measured.", "number"),
}
_NOT_METRICS = ("key", "model", "seed", "variant", "diagnostic")


def build(study: Study) -> Dataset | None:
    """One row per number; None if nothing was diagnosed."""
    rows = (
        {**{name: record.get(name) for name in FIELDS}, "metric": metric, "value": float(value)}
        for record in study.results.diagnosed.to_dict("records")
        for metric, value in record.items()
        if metric not in _NOT_METRICS and isinstance(value, int | float) and value == value
    )
    text = "One row a number of a diagnostic."
    return dataset("diagnoses", "Looks inside", text, rows, FIELDS)
