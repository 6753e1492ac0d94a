"""Cells without a result, and why."""

from __future__ import annotations

from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("cell", "Cell", "code", "Name of the cell, as `--only` takes it."),
    Column("state", "State", "text", "failed, refused, damaged or missing."),
    Column("reason", "Reason", "text", "The first line of what went wrong."),
)


def build(study: Study) -> Table:
    """The table: failed first, then refused, damaged and missing."""
    cells = study.results.cells
    groups = []
    for state in HOLES:
        found = cells[cells["state"] == state]
        rows = [Row((Datum(name), Datum(state), Datum(reason))) for name, reason in zip(found["name"], found["reason"])]
        if rows:
            groups.append(Group(f"{state} ({len(rows)})", tuple(rows)))
    return Table(
        "holes",
        "Cells without a result",
        captions.joined(
            "Refused: the method cannot work on this network, by design. Failed: something went wrong. Damaged: files "
            "changed after they were written. Missing: not run yet, or a cell it needs has no result. Means elsewhere "
            "are over the seeds that there are.",
            captions.version(study),
        ),
        COLUMNS,
        tuple(groups),
        empty="Every cell of the plan is done.",
    )
