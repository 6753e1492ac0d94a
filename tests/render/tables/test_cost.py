from __future__ import annotations

import pytest

from bench.render.tables.cost import build
from tests.analysis.test_running import ANSWER, keep


def row_of(table, label):
    return next(row for row in table.rows if row["variant"].value == label and row["model"].value == "resnet8")


def test_what_was_not_measured_is_said(study_of):
    table = build(study_of())
    assert "Latency and memory were not measured: python -m bench measure --profile" in table.caption
    assert [column.key for column in table.columns] == ["model", "variant", "title", "compressing", "feature_maps"]
    assert row_of(table, "float16")["compressing"].value > 0
    assert row_of(table, "float16")["feature_maps"].value == pytest.approx(4096 * 4 / 1e3)
    assert [column.head for column in table.shown] == ["Variant", "Compressing (s)", "Peak feature maps (kB)"]


def test_what_readers_compare_stands_side_by_side(study_of):
    study = study_of()
    keep(study, 0, pytorch=ANSWER, onnx_runtime=ANSWER, openvino=ANSWER)
    shown = [column.key for column in build(study).shown]
    assert len(shown) == 8
    assert [key.endswith("_latency") for key in shown[3:6]] == [True] * 3


def test_figures_stand_with_their_quartiles(study_of):
    study = study_of()
    keep(study, 0, pytorch=ANSWER, onnx_runtime={"reason": "no such operation", "threads": 1})
    table = build(study)
    row = row_of(table, "float16")
    latency = row["pytorch_latency"]
    assert (latency.value, latency.low, latency.high) == (2.0, 1.5, 3.0)
    assert (row["pytorch_memory"].value, row["pytorch_network_memory"].value) == (400, 20)
    assert (row["onnx_runtime_latency"].hole, row["onnx_runtime_latency"].note) == ("failed", "no such operation")
    assert row_of(table, "original")["pytorch_latency"].hole == "not measured"
    assert "with 1 thread, after a warm-up. Latency: the median of 100 passes" in table.details
    assert "PyTorch 1.0, on one." in table.details and "rows were not measured" in table.caption
    assert table.notes == ()


def test_what_disturbs_is_said_below(study_of):
    study = study_of()
    keep(study, 0, pytorch={**ANSWER, "other_cores": 1.2})
    keep(study, 0, "original", pytorch={**ANSWER, "threads": 2})
    notes = build(study).notes
    assert "they don't compare" in notes[0] and "up to 1.2 cores" in notes[1]
    assert "1 thread and 2 threads" in build(study).details


def test_a_network_without_a_result_says_why(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compress"]
    table = build(study_of(states=dict.fromkeys(names, "failed")))
    assert {row["compressing"].hole for row in table.rows if row["model"].value == "resnet8"} == {"failed"}
