"""Every planned cell and what became of it, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset

FIELDS = {
    "cell": Field("Name of the cell.", identifies=True),
    "key": Field("Its folder in the runs."),
    "kind": Field("train, compress, compare or diagnose."),
    "model": Field("Name of the network."),
    "seed": Field("Of the training.", "number"),
    "variant": Field("The variant's label; empty for a training."),
    "state": Field("done, failed, refused, damaged or missing."),
    "reason": Field("Why there is no result."),
    "wall": Field("Time that it took.", "number", unit="s"),
    "cpu": Field("Processor time that it took.", "number", unit="s"),
    "memory": Field("Most memory that its process held.", "number", unit="B"),
}
RECORDED = {"wall_seconds": "wall", "cpu_seconds": "cpu", "peak_memory_bytes": "memory"}


def build(study: Study) -> Dataset | None:
    """One row per planned cell; what it measured is in `per_seed`."""
    results = study.results
    frame = results.cells.rename(columns={"name": "cell"})
    ran = results.provenance.set_index("name").rename(columns=RECORDED)
    frame = frame.join(ran.reindex(columns=list(RECORDED.values())), on="cell")
    return dataset("cells", "Every cell", "One row per planned cell, with its state.", frame, FIELDS)
