from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis import inside
from bench.analysis.results import load
from bench.statistics.intervals import from_atanh, paired_difference


def test_values_are_the_diagonal_by_seed_and_block(digits: Path):
    results = load(digits)
    found = inside.read(results, "resnet8", "nncf-int8-ptq")["pooled"]
    raw = results.similarity("resnet8", "nncf-int8-ptq", 3, ["pooled.original.value", "layers"])
    assert raw is not None
    np.testing.assert_allclose(found.values[3], np.diag(raw["pooled.original.value"]), atol=1e-9)
    assert found.blocks == tuple(raw["layers"])
    assert found.map is not None
    np.testing.assert_allclose(np.diag(found.map), found.values.mean(axis=0), atol=1e-9)


def test_the_difference_to_the_control_is_paired_by_seed_and_image(digits: Path):
    results = load(digits)
    own, control = (
        inside.read(results, "resnet8", label)["pooled"] for label in ("magnitude:sparsity=0.9", "finetune")
    )
    found = own.beyond(control)
    expected = paired_difference(
        own.values.mean(axis=1), control.values.mean(axis=1), own.influence.mean(axis=1), control.influence.mean(axis=1)
    )
    assert found == expected
    assert found.unit == "seed"
    assert "jackknife over images" in found.interval


def test_a_seed_without_a_comparison_is_nan(runs, tmp_path: Path):
    states = {"compare/resnet8/1/float16": "failed"}
    results = load(runs(models=("resnet8",), seeds=(0, 1, 2), states=states).write(tmp_path))
    found = inside.read(results, "resnet8", "float16")["pooled"]
    assert np.isnan(found.values).all(axis=1).tolist() == [False, True, False]
    assert found.overall().n == 2


def test_nothing_compared_is_nothing(runs, tmp_path: Path):
    states = {f"compare/resnet8/{seed}/float16": "failed" for seed in (0, 1)}
    results = load(runs(models=("resnet8",), seeds=(0, 1), states=states).write(tmp_path))
    assert inside.read(results, "resnet8", "float16") == {}


def test_influences_are_on_the_values_own_scale(digits: Path):
    results = load(digits)
    arrays = results.similarity("resnet8", "other-seed", 0, ["flattened.original.z", "flattened.original.influence"])
    assert arrays is not None
    _, expected = from_atanh(arrays["flattened.original.z"], arrays["flattened.original.influence"])
    found = inside.read(results, "resnet8", "other-seed")["flattened"]
    assert found.influence[0] == pytest.approx(expected)
