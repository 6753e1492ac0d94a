"""Every number of every look inside, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("diagnostic", "Diagnostic", "text", "Name of the look inside."),
    Column("model", "Model", "text", "Name of the network."),
    Column("seed", "Seed", "number", "Of the training."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("metric", "Metric", "text", "What was measured, as the diagnostic calls it."),
    Column("value", "Value", "number", "As measured.", digits=6),
)
_NOT_METRICS = ("key", "model", "seed", "variant", "diagnostic")


def build(study: Study) -> Table | None:
    """One row a number; None where nothing was diagnosed."""
    found = study.results.diagnosed
    if found.empty:
        return None
    metrics = [name for name in found.columns if name not in _NOT_METRICS]
    rows = tuple(
        Row((Datum(record["diagnostic"]), Datum(record["model"]), Datum(record["seed"]), Datum(record["variant"]),
             Datum(name), Datum(float(record[name]))))
        for record in found.to_dict("records")
        for name in metrics
        if isinstance(record[name], int | float) and record[name] == record[name]
    )  # fmt: skip
    return Table(
        "diagnoses",
        "Looks inside",
        captions.joined("One row a number of a diagnostic.", captions.version(study)),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )
