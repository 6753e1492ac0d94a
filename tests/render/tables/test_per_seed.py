from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.tables.per_seed import build
from bench.runner.cell import Cell
from bench.runner.cells._files import to_npz
from bench.runner.store import Store, to_json


def by_name(study: Study) -> dict[tuple, tuple]:
    table = build(study)
    assert table is not None
    rows = {tuple(row[:4]): tuple(row[4:]) for row in table.frame.to_numpy().tolist()}
    assert len(rows) == table.size
    return rows


def test_every_metric_of_every_network_and_seed(study: Study):
    rows = by_name(study)
    accuracy = study.per_seed("test_accuracy", "resnet8", "float16")
    for place, seed in enumerate(study.plan.seeds):
        assert rows["resnet8", "float16", seed, "test_accuracy"] == (100 * accuracy[place], "percent", "done")
    payload = study.per_seed("payload_bytes", "resnet8", "float16")
    assert rows["resnet8", "float16", 0, "payload_bytes"] == (payload[0], "bytes", "done")
    churn = study.per_seed("churn", "resnet8", "float16")
    assert rows["resnet8", "float16", 5, "churn"] == (pytest.approx(100 * churn[5]), "percent", "done")
    cells = {(cell.model, cell.variant or "original", cell.seed) for cell in study.plan.cells}
    assert {name[:3] for name in rows} == cells


def test_a_failed_cell_has_its_rows_without_a_value(study_of):
    broken = {"compress/resnet8/1/nncf-int8-ptq": "failed", "compare/resnet8/1/nncf-int8-ptq": "missing"}
    rows = by_name(study_of(seeds=(0, 1), states=broken))
    for metric in ("test_accuracy", "payload_bytes", "sparsity"):
        assert rows["resnet8", "nncf-int8-ptq", 1, metric][::2] == (None, "failed")
        assert rows["resnet8", "nncf-int8-ptq", 0, metric][2] == "done"
    assert rows["resnet8", "nncf-int8-ptq", 1, "churn"][::2] == (None, "missing")


def test_where_nothing_ran_every_cell_still_says_so(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    rows = by_name(study_of(states=dict.fromkeys(names, "missing")))
    assert {row[::2] for row in rows.values()} == {(None, "missing")}
    assert {name[3] for name in rows} == {"train", "compress", "compare"}


def test_what_diagnostics_measured_has_their_name(runs, tmp_path: Path):
    plan = runs(models=("resnet8",), seeds=(0,))
    cells = plan.cells()
    look = Cell(
        "diagnose", "resnet8", 0, "float16", parents={"compressed": cells[5]}, diagnostic="activation-statistics"
    )
    folder = plan.write(tmp_path)
    Store(folder).write_index("plan.json", plan.plan([*cells, look]))
    metrics = {"dead.compressed": 0.25, "other": 0.5, "none": None}
    files = {"metrics.json": to_json(metrics), "arrays.npz": to_npz({}), "notes.json": to_json([])}
    Store(folder).write(look, files, {}, "")
    rows = by_name(Study(load(folder)))
    assert {name[3]: row for name, row in rows.items() if name[3].startswith("activation-statistics")} == {
        "activation-statistics.dead.compressed": (25.0, "percent", "done"),
        "activation-statistics.other": (0.5, "1", "done"),
    }
