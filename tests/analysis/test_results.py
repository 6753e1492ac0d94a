from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.results import load


def test_every_finished_cell_is_a_row(digits: Path):
    results = load(digits)
    assert results.count("done") == len(results.cells) == 2 * 6 * (1 + 16 + 15)
    assert (len(results.trained), len(results.compressed), len(results.compared)) == (12, 192, 180)
    assert len(results.provenance) == len(results.cells)
    assert set(results.layers["layout"]) == {"bitmask", "dense"}


def test_numbers_are_those_in_the_files(digits: Path):
    results = load(digits)
    row = results.compressed.iloc[37]
    metrics = json.loads((digits / row["key"] / "metrics.json").read_bytes())
    assert {name: row[name] for name in metrics} == metrics


def test_seeds_come_in_the_plans_order_with_nan_for_a_hole(runs, tmp_path: Path):
    states = {"compress/resnet8/1/float16": "failed"}
    results = load(runs(models=("resnet8",), seeds=(2, 1, 0), states=states).write(tmp_path))
    accuracy = results.by_seed("compressed", "test_accuracy", "resnet8", "float16")
    original = results.by_seed("compressed", "test_accuracy", "resnet8", "original")
    assert np.isnan(accuracy).tolist() == [False, True, False]
    assert accuracy[[0, 2]].tolist() == original[[0, 2]].tolist()
    assert np.isnan(results.by_seed("compressed", "no such metric", "resnet8", "float16")).all()


def test_a_hole_names_the_cell_that_it_comes_from(runs, tmp_path: Path):
    plan = runs(models=("resnet8",), seeds=(0,))
    broken = "compress/resnet8/0/float16"
    states = {broken: "refused", "compare/resnet8/0/float16": "missing", "compare/resnet8/0/finetune": "missing"}
    results = load(runs(models=("resnet8",), seeds=(0,), states=states).write(tmp_path))
    cells = results.cells.set_index("name")
    assert plan.name == "digits"
    assert cells.loc[broken, ["state", "reason"]].tolist() == ["refused", "grouped convolution"]
    assert cells.loc["compare/resnet8/0/float16", "reason"] == f"needs {broken}, which was refused"
    assert cells.loc["compare/resnet8/0/finetune", "reason"] == "has not been run"


@pytest.mark.parametrize("change", ["other", None])
def test_a_damaged_cell_is_a_hole_and_not_a_number(runs, tmp_path: Path, change: str | None):
    folder = runs(models=("resnet8",), seeds=(0,)).write(tmp_path)
    key = load(folder).compressed.set_index("variant").loc["float16", "key"]
    file = folder / key / "metrics.json"
    file.write_text(change) if change else file.unlink()
    results = load(folder)
    cell = results.cells.set_index("key").loc[key]
    assert cell["state"] == "damaged"
    assert "metrics.json" in cell["reason"]
    assert str(tmp_path) not in cell["reason"]
    assert "float16" not in set(results.compressed["variant"])


def test_cells_that_the_plan_does_not_name_are_counted_and_left_out(runs, tmp_path: Path):
    runs(models=("resnet8",), seeds=(0, 1)).write(tmp_path)
    folder = runs(models=("resnet8",), seeds=(0,)).write(tmp_path)
    results = load(folder)
    assert results.strangers == 32
    assert len(results.cells) == 32


def test_arrays_are_read_by_name_and_checked(runs, tmp_path: Path):
    folder = runs(models=("resnet8",), seeds=(0,)).write(tmp_path)
    results = load(folder)
    found = results.similarity("resnet8", "float16", 0, ["layers", "pooled/rsa/value", "no such"])
    assert found is not None
    assert sorted(found) == ["layers", "pooled/rsa/value"]
    assert found["pooled/rsa/value"].shape == (4,)
    assert results.similarity("resnet8", "float16", 1, ["layers"]) is None


def test_a_diagnosis_is_a_row_of_its_own(runs, tmp_path: Path):
    from bench.runner.cell import Cell
    from bench.runner.store import Store, to_json

    plan = runs(models=("resnet8",), seeds=(0,))
    cells = plan.cells()
    look = Cell("diagnose", "resnet8", 0, "float16", parents={"compressed": cells[5]}, diagnostic="filters")
    folder = plan.write(tmp_path)
    Store(folder).write_index("plan.json", plan.plan([*cells, look]))
    buffer = io.BytesIO()
    np.savez(buffer)
    files = {"metrics.json": to_json({"dead": 0.25}), "arrays.npz": buffer.getvalue(), "notes.json": b"[]"}
    Store(folder).write(look, files, {"wall_seconds": 1.0}, "")
    found = load(folder).diagnosed
    assert found[["diagnostic", "variant", "dead"]].to_numpy().tolist() == [["filters", "float16", 0.25]]


def test_the_worst_state_is_why_there_is_no_result(runs, tmp_path: Path):
    states = {"compress/resnet8/0/float16": "missing", "compress/resnet8/1/float16": "failed"}
    results = load(runs(models=("resnet8",), seeds=(0, 1, 2), states=states).write(tmp_path))
    assert results.hole("compress", "resnet8", "float16") == "failed"
    assert results.hole("compress", "resnet8", "original") == ""
    assert (results.count("failed"), results.count("failed", "missing")) == (1, 2)


def test_cells_that_differ_show_all_values(study_of):
    def alter(cell, provenance):
        if cell.seed:
            provenance["processor"] = "Another CPU"

    assert study_of(seeds=(0, 1), alter=alter).results.distinct("processor") == "Another CPU; Example CPU @ 2.0 GHz"
    assert study_of(seeds=(0, 1)).results.distinct("no such field") == "not recorded"


def test_a_networks_predictions_are_read_once_and_cannot_be_written(study_of, monkeypatch):
    results = study_of(seeds=(0, 1)).results
    calls = []
    arrays = results.store.arrays
    monkeypatch.setattr(results.store, "arrays", lambda key, *rest: calls.append(key) or arrays(key, *rest))
    for _ in range(2):
        logits, labels = results.logits("resnet8", "original")[0]
        found = results.predictions("resnet8", "original", 0)
    assert len(calls) == 2 and (found["logits"] == logits).all() and (found["labels"] == labels).all()
    with pytest.raises(ValueError):
        logits[0] = 0.0
