"""What the benchmark cost to run, a kind of cell a row."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table, number
from bench.render.text import captions

COLUMNS = (
    Column("kind", "Kind", "text", "Kind of cell."),
    Column("cells", "Cells", "number", "Cells that ran."),
    Column("wall", "Wall time", "number", "Of all of them, one after the other.", "s", 1),
    Column("cpu", "CPU time", "number", "Of all of them.", "s", 1),
    Column("median", "Median", "number", "Wall time of one cell.", "s", 2),
    Column("slowest", "Slowest", "number", "Wall time of one cell.", "s", 2),
    Column("memory", "Peak memory", "number", "The largest resident set of a process by the end of a cell.", "MB", 0),
)


def build(study: Study) -> Table:
    """The table."""
    found = study.results.provenance
    rows = []
    for kind in dict.fromkeys(found["kind"]):
        own = found[found["kind"] == kind]
        if own.empty or "wall_seconds" not in own:
            continue
        memory = own["peak_memory_bytes"].max() if "peak_memory_bytes" in own else None
        cells = (
            Datum(kind),
            Datum(len(own)),
            number(float(own["wall_seconds"].sum())),
            number(float(own["cpu_seconds"].sum())),
            number(float(own["wall_seconds"].median())),
            number(float(own["wall_seconds"].max())),
            number(None if memory is None else float(memory), 1e-6),
        )
        rows.append(Row(cells))
    return Table(
        "cost",
        "Cost",
        captions.joined("Time by kind of cell, as measured where the cell ran.", captions.version(study)),
        COLUMNS,
        (Group("", tuple(rows)),) if rows else (),
        empty="No cell has run.",
    )
