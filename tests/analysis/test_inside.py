from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from bench.analysis import inside
from bench.analysis.distances import compared
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.runner.store import Store
from tests import invented
from tests.invented_inside import MEASURES


def rewritten(monkeypatch, change):
    """Comparisons whose arrays `change(model, seed, label, arrays)` has altered."""
    given = invented.invented_inside.similarity

    def similarity(model, seed, label, *size):
        arrays = given(model, seed, label, *size)
        change(model, seed, label, arrays)
        return arrays

    monkeypatch.setattr(invented.invented_inside, "similarity", similarity)


def test_values_and_influences_are_those_of_the_cells(digits: Path):
    results = load(digits)
    cells = inside.read(results, "resnet8", "nncf-int8-ptq")
    raw = results.similarity("resnet8", "nncf-int8-ptq", 3, ())
    assert cells is not None and raw is not None
    assert {measure for _, measure in cells.by} == set(MEASURES)
    for (feature, measure), found in cells.by.items():
        np.testing.assert_array_equal(found.values[3], raw[f"{feature}/{measure}/value"])
        np.testing.assert_array_equal(found.influence[3], raw[f"{feature}/{measure}/influence"])
        assert found.blocks == tuple(raw["layers"])
    np.testing.assert_array_equal(cells.by["pooled", "cross-probe"].right[3], raw["pooled/cross-probe/right"])
    assert cells.by["pooled", "debiased-cka"].map.shape == (4, 4)
    assert cells.identical.tolist() == [0.0] * 6


def test_a_seed_without_a_comparison_is_nan(runs, tmp_path: Path):
    states = {"compare/resnet8/1/float16": "failed"}
    results = load(runs(models=("resnet8",), seeds=(0, 1, 2), states=states).write(tmp_path))
    found = inside.read(results, "resnet8", "float16")
    assert np.isnan(found.by["pooled", "rsa"].values).all(axis=1).tolist() == [False, True, False]
    assert np.isnan(found.identical).tolist() == [False, True, False]


def test_nothing_compared_is_nothing(runs, tmp_path: Path):
    states = {f"compare/resnet8/{seed}/float16": "failed" for seed in (0, 1)}
    results = load(runs(models=("resnet8",), seeds=(0, 1), states=states).write(tmp_path))
    assert inside.read(results, "resnet8", "float16") is None


@pytest.mark.slow
def test_a_nan_row_of_influence_drops_its_seed_with_a_word(monkeypatch, study_of):
    def change(model, seed, label, arrays):
        if (seed, label) == (2, "nncf-int8-ptq"):
            arrays["pooled/rsa/influence"][1, 5] = np.nan

    rewritten(monkeypatch, change)
    study = study_of()
    found = inside.read(study.results, "resnet8", "nncf-int8-ptq")
    assert np.isnan(found.by["pooled", "rsa"].values).all(axis=1).tolist() == [False, False, True, False, False, False]
    assert found.by["pooled", "rsa"].notes == ("1 of 6 seeds left out, since influences of images are missing.",)
    assert not found.by["pooled", "debiased-cka"].notes
    one = compared(study)["resnet8", "nncf-int8-ptq"].by["pooled", "rsa"]
    assert one.overall.seeds == 5
    assert np.isfinite(one.overall.ratio(0.1).high)


def test_other_probe_images_drop_a_seed_with_a_word(monkeypatch, study_of):
    def change(model, seed, label, arrays):
        if (seed, label) == (0, "nncf-int8-ptq"):
            arrays["pooled/rsa/influence"] = arrays["pooled/rsa/influence"][:, :-1]

    rewritten(monkeypatch, change)
    found = inside.read(study_of().results, "resnet8", "nncf-int8-ptq").by["pooled", "rsa"]
    assert "blocks or probe images are others" in found.notes[0]


def test_comparisons_by_an_earlier_version_are_to_be_run_again(monkeypatch, study_of):
    def old(model, seed, label, arrays):
        for name in [name for name in arrays if "/" in name]:
            del arrays[name]
        arrays["pooled.original.value"] = np.eye(4)

    rewritten(monkeypatch, old)
    study = study_of(seeds=(0, 1))
    assert compared(study) == {}
    assert "of an earlier version" in inside.outdated(study.results)
    assert "run the profile again" in inside.outdated(study.results)


def test_todays_comparisons_are_not_outdated(study: Study):
    assert inside.outdated(study.results) == ""


@pytest.mark.parametrize(
    ("name", "values", "distances"),
    [
        ("debiased-cka", [1.0, 0.9, 1 - 1e-12, -0.1], [0.0, 0.1, 0.0, 1.1]),
        ("angular-shape", [0.0, 0.3], [0.0, 0.3]),
        ("knn-jaccard", [1.0, 0.4], [0.0, 0.6]),
    ],
)
def test_every_measure_becomes_a_distance_from_equal_insides(study: Study, name: str, values, distances):
    assert inside.yardstick(study.plan, name).distance(np.array(values)) == pytest.approx(distances)


def test_a_measure_that_is_gone_has_no_scale(study: Study):
    gone = inside.yardstick(study.plan, "my_package.measures:Gone")
    assert gone.title == "my_package.measures:Gone"
    assert np.isnan(gone.best)


def test_the_cells_of_a_store_are_read_without_their_old_arrays(digits: Path):
    cell = next(cell for cell in load(digits).plan.cells if cell.kind == "compare")
    with np.load(io.BytesIO(Store(digits).read(cell.key, ["similarity.npz"])["similarity.npz"])) as arrays:
        assert not [name for name in arrays if "." in name]


def test_a_map_without_any_value_is_none(monkeypatch, study_of):
    def empty(model, seed, label, arrays):
        arrays["pooled/debiased-cka/map"][:] = np.nan

    rewritten(monkeypatch, empty)
    found = compared(study_of(seeds=(0, 1)))["resnet8", "float16"]
    assert set(found.maps) == {("flattened", "debiased-cka")}
