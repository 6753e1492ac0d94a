"""Cells without a result, and why."""

from __future__ import annotations

from typing import Any

from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate

COLUMNS: tuple[Column[Any], ...] = (
    Column("cell", "Cell", "code", "Name of the cell, as `--only` takes it.", lambda cell: cell.name, identifies=True),
    Column("state", "State", "text", "failed, refused, damaged or missing.", lambda cell: cell.state),
    Column("reason", "Reason", "text", "The first line of what went wrong.", lambda cell: cell.reason),
)


def build(study: Study) -> Table | None:
    """The table: failed first, then refused, damaged and missing; None if every cell is done."""
    cells = list(study.results.cells.itertuples(index=False))
    by_state = {state: [cell for cell in cells if cell.state == state] for state in HOLES}
    return tabulate(
        "holes",
        "Cells without a result",
        "What has no result, and why. Means elsewhere are over the remaining seeds.",
        COLUMNS,
        {f"{state} ({len(members)})": members for state, members in by_state.items()},
        details="Refused: the method cannot work on this network, by design. Failed: something went wrong. Damaged: "
        "files changed after they were written. Missing: not run yet, or a cell it needs has no result.",
    )
