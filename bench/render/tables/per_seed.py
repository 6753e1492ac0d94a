"""Every metric of every network and seed, one row each, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.metrics import measured
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset
from bench.render.kit.rows import units_of
from bench.render.kit.units import Unit, in_files

DIMENSIONLESS = "1"
FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The method's label, or that of what methods are compared with.", identifies=True),
    "seed": Field("Of the training.", "number", identifies=True),
    "metric": Field(
        "What was measured. trained_: before packing; with a full stop: by a diagnostic, named before it, of the "
        "network whose role is behind it.",
        identifies=True,
    ),
    "value": Field("In `unit`; empty where the cell has no result.", "number"),
    "unit": Field("Of the value: shares are percent, their differences points, sizes bytes; 1 where it has none."),
    "state": Field("done; failed, refused, damaged or missing; left out: of other test images than the original's."),
}


def build(study: Study) -> Dataset | None:
    """One row per number; a cell without a result has a row of each metric that it would have, without a value."""
    text = "One row per network, method, seed and metric. A cell without a result has rows without a value."
    return dataset("per_seed", "Every metric of every seed", text, _rows(study), FIELDS)


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    others = units_of(study)
    units: dict[str, Unit] = {}
    for each in measured(study):
        unit = units.get(each.unit) or units.setdefault(each.unit, in_files(each.unit, others))
        yield vars(each) | {"value": unit.of(each.value), "unit": unit.word or DIMENSIONLESS}
