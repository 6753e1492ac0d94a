"""Every number of every cell, for the data files."""

from __future__ import annotations

import pandas as pd

from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset

FIELDS = {
    "cell": "Name of the cell.",
    "key": "Its folder in the runs.",
    "kind": "train, compress or compare.",
    "model": "Name of the network.",
    "seed": "Of the training.",
    "variant": "The variant's label; empty for a training.",
    "state": "done, failed, refused, damaged or missing.",
}


def build(study: Study) -> Dataset | None:
    """One row per planned cell, its metrics unrounded in their own unit (shares 0 to 1, bytes)."""
    # One frame for all kinds of cells: each has the metrics of its kind, and holes for those of the others.
    results = study.results
    measured = pd.concat([results.trained, results.compressed, results.compared], ignore_index=True)
    metrics = measured.drop(columns=["model", "seed", "variant"]).set_index("key").sort_index(axis=1)
    frame = results.cells.rename(columns={"name": "cell"}).join(metrics.astype(float), on="key")
    fields = {name: Field(describe, title=name) for name, describe in FIELDS.items()}
    numbers = {name: Field("As measured, see the methods.", "number", name) for name in map(str, metrics)}
    text = "One row a planned cell with all it measured, unrounded."
    return dataset("cells", "Every cell", text, frame, fields | numbers)
