from __future__ import annotations

from pathlib import Path

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.tables.diagnoses import build
from bench.runner.cell import Cell
from bench.runner.cells._files import to_npz
from bench.runner.store import Store, to_json


def test_a_row_a_number(runs, tmp_path: Path):
    plan = runs(models=("resnet8",), seeds=(0,))
    cells = plan.cells()
    look = Cell("diagnose", "resnet8", 0, "float16", parents={"compressed": cells[5]}, diagnostic="filters")
    folder = plan.write(tmp_path)
    Store(folder).write_index("plan.json", plan.plan([*cells, look]))
    metrics = {"dead": 0.25, "none": None}
    files = {"metrics.json": to_json(metrics), "arrays.npz": to_npz({}), "notes.json": to_json([])}
    Store(folder).write(look, files, {}, "")
    table = build(Study(load(folder)))
    assert table is not None
    assert table.frame.to_numpy().tolist() == [["filters", "resnet8", 0, "float16", "dead", 0.25]]


def test_nothing_diagnosed_is_no_table(study: Study):
    assert build(study) is None
