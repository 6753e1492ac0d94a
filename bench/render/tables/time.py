"""What the benchmark took to run, by kind of cell."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate


@dataclass(frozen=True)
class Ran:
    """The cells of one kind, with what was recorded of them."""

    kind: str
    cells: pd.DataFrame
    hole: str = "missing"

    @property
    def memory(self) -> float | None:
        """Bytes; None if it was not recorded."""
        return float(self.cells["peak_memory_bytes"].max()) if "peak_memory_bytes" in self.cells else None


COLUMNS: tuple[Column[Ran], ...] = (
    Column("kind", "Kind", "text", "Kind of cell.", lambda ran: ran.kind, identifies=True),
    Column("cells", "Cells", "number", "Cells that ran.", lambda ran: len(ran.cells)),
    Column("wall", "Wall time", "number", "Of all of them, one after the other.",
           lambda ran: float(ran.cells["wall_seconds"].sum()), "s", 1),
    Column("cpu", "CPU time", "number", "Of all of them.", lambda ran: float(ran.cells["cpu_seconds"].sum()), "s", 1),
    Column("median", "Median", "number", "Wall time of one cell.",
           lambda ran: float(ran.cells["wall_seconds"].median()), "s", 2),
    Column("slowest", "Slowest", "number", "Wall time of one cell.",
           lambda ran: float(ran.cells["wall_seconds"].max()), "s", 2),
    Column("memory", "Peak memory", "number", "The largest resident set of a process by the end of a cell.",
           lambda ran: ran.memory, "MB", 0, scale=1e-6),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """One row per kind of cell."""
    provenance = study.results.provenance
    kinds = provenance.groupby("kind", sort=False) if "wall_seconds" in provenance else ()
    return tabulate(
        "time",
        "Time",
        "Time by kind of cell, as measured where the cell ran.",
        COLUMNS,
        {"": [Ran(str(kind), cells) for kind, cells in kinds]},
        empty="No cell has run.",
    )
