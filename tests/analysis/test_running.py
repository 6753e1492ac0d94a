"""What running took is read from beside cells, and summed up over the seeds that were measured."""

from __future__ import annotations

import math

import pytest

from bench.analysis.running import costs

ANSWER = {
    "median_ms": 2.0, "lower_quartile_ms": 1.5, "upper_quartile_ms": 3.0, "passes": 100, "threads": 1,
    "peak_memory_bytes": 400_000_000, "network_memory_bytes": 20_000_000, "processor": "one", "version": "1.0",
    "other_cores": 0.01,
}  # fmt: skip


def keep(study, seed, label="float16", **answers):
    cell = next(
        cell
        for cell in study.plan.cells
        if (cell.kind, cell.model, cell.seed, cell.variant) == ("compress", "resnet8", seed, label)
    )
    study.results.store.write_measurements(cell.key, {name.replace("_", "-"): value for name, value in answers.items()})


def test_nothing_was_measured(study_of):
    found = costs(study_of())
    assert found.engines == () and found.missing > 5 and found.damaged == 0
    seconds = found.networks["resnet8", "float16"].seconds
    assert math.isfinite(seconds) and seconds > 0


def test_seeds_are_summed_up(study_of):
    study = study_of()
    for seed, factor in ((0, 1), (1, 3), (2, 2)):
        keep(study, seed, pytorch={**ANSWER, "median_ms": 2.0 * factor, "peak_memory_bytes": 1e6 * factor})
    found = costs(study)
    measured = found.networks["resnet8", "float16"].engines["pytorch"]
    assert (measured.median_ms, measured.peak_memory_bytes, measured.seeds) == (4.0, 3e6, 3)
    assert found.engines == ("pytorch",) and found.threads == (1,) and found.versions == ("PyTorch 1.0",)
    assert found.comparable and not found.busy


@pytest.mark.parametrize("change", [{"threads": 2}, {"processor": "other"}, {"version": "1.1"}])
def test_figures_of_two_kinds_do_not_compare(study_of, change):
    study = study_of()
    keep(study, 0, pytorch=ANSWER)
    keep(study, 0, "original", pytorch={**ANSWER, **change})
    assert not costs(study).comparable


def test_other_programs_are_noticed(study_of):
    study = study_of()
    keep(study, 0, pytorch={**ANSWER, "other_cores": 1.2})
    assert costs(study).busy and costs(study).others == 1.2


@pytest.mark.parametrize("value", [None, "fast", True, {}])
def test_what_is_no_number_is_no_measurement(study_of, value):
    study = study_of()
    keep(study, 0, pytorch={**ANSWER, "median_ms": value})
    assert costs(study).engines == ()


def test_a_reason_stands_where_there_is_no_number(study_of):
    study = study_of()
    keep(study, 0, onnx_runtime={"reason": "no such operation", "threads": 1})
    measured = costs(study).networks["resnet8", "float16"].engines["onnx-runtime"]
    assert measured.reason == "no such operation" and measured.seeds == 0


def test_a_damaged_file_is_counted(study_of):
    study = study_of()
    keep(study, 0, pytorch=ANSWER)
    (file,) = study.results.store.folder.glob("*/measurements.json")
    file.write_bytes(file.read_bytes().replace(b"2.0", b"1.0"))
    found = costs(study)
    assert found.damaged == 1 and found.engines == ()
