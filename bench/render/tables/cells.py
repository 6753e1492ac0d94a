"""Every number of every cell, for the data files."""

from __future__ import annotations

import pandas as pd

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

_NOT_METRICS = ("key", "model", "seed", "variant")


def build(study: Study) -> Table:
    """One row a planned cell, its metrics unrounded in their own unit (shares 0 to 1, bytes)."""
    results = study.results
    metrics = pd.concat([results.trained, results.compressed, results.compared], ignore_index=True)
    names = sorted(set(metrics.columns) - set(_NOT_METRICS))
    by_key = {key: values for key, *values in metrics[["key", *names]].itertuples(index=False)}
    columns = (
        *(
            Column(name, name, "text", describe)
            for name, describe in (
                ("cell", "Name of the cell."),
                ("key", "Its folder in the runs."),
                ("kind", "train, compress or compare."),
                ("model", "Name of the network."),
                ("seed", "Of the training."),
                ("variant", "The variant's label; empty for a training."),
                ("state", "done, failed, refused, damaged or missing."),
            )
        ),
        *(Column(name, name, "number", "As measured, see the methods.", digits=6) for name in names),
    )
    empty = [None] * len(names)
    rows = tuple(
        Row(tuple(map(Datum, first)) + tuple(Datum(_plain(value)) for value in by_key.get(first[1], empty)))
        for first in zip(
            *(results.cells[name] for name in ("name", "key", "kind", "model", "seed", "variant", "state"))
        )
    )
    return Table(
        "cells",
        "Every cell",
        captions.joined("One row a planned cell with all it measured, unrounded.", captions.version(study)),
        columns,
        (Group("", rows),),
        raw=True,
    )


def _plain(value: object) -> float | None:
    return None if value is None or value != value else float(value)  # type: ignore[arg-type]
