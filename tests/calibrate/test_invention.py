"""The invented numbers have the truth that they are said to have, and a report's analysis reads them as any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.study import Study
from bench.calibrate.invention import CKA, KNN, KNN_UNIT, NETWORK, PROBE, InventedMethod, Invention, logits
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED

CONTROLS = InventedMethod(CONTROL, 0.93, 0.05, 0.5, finetunes=True)
METHODS = (
    InventedMethod("near", 0.95, 0.1, 1.0, payload=5_000),
    InventedMethod("far", 0.85, 0.6, 8.0, finetunes=True),
    InventedMethod("copy", 0.94, copies=True),
)


@pytest.fixture(scope="module")
def invention():
    return Invention(4, 0.94, CONTROLS, METHODS, test=200, probe=64)


@pytest.fixture(scope="module")
def results(invention):
    return invention.draw(np.random.default_rng(0))


def test_the_analysis_reads_it_as_a_run_of_all_cells(results):
    study = Study(results)
    assert results.count("done") == len(results.plan.cells) == 4 * (1 + 5 + 5)
    assert study.models == (NETWORK,)
    assert [each.label for each in study.plan.methods] == ["near", "far", "copy"]
    table = study.table(NETWORK, "near")
    np.testing.assert_allclose(table.mean(1), study.per_seed("test_accuracy", NETWORK, "near"))
    assert study.payload(NETWORK, "near") == 5_000
    original = results.predictions(NETWORK, ORIGINAL, 2)
    np.testing.assert_array_equal(original["logits"], results.predictions(NETWORK, "copy", 2)["logits"])


def test_the_same_numbers_give_the_same_study(invention, results):
    again = invention.draw(np.random.default_rng(0))
    for seed in range(4):
        first, second = (each.similarity(NETWORK, "far", seed, ()) for each in (results, again))
        assert first.keys() == second.keys()
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


def compared(results, label, measure, name="value"):
    arrays = [results.similarity(NETWORK, label, seed, ()) for seed in results.plan.seeds]
    return np.stack([each[f"pooled/{measure}/{name}"] for each in arrays])


def test_distances_are_those_of_the_truth():
    """Over many studies: 1 - CKA in units of another seed's, and the k-NN Jaccard's, and points of the probe."""
    many = Invention(3, 0.94, CONTROLS, METHODS[:2], test=20, probe=128)
    rng, found = np.random.default_rng(1), {}
    for _ in range(30):
        results = many.draw(rng)
        for label in ("near", "far", CONTROL, OTHER_SEED):
            for measure in (CKA, KNN, PROBE):
                found.setdefault((label, measure), []).append(compared(results, label, measure).mean())
    mean = {name: np.mean(values) for name, values in found.items()}
    error = {name: np.std(values) / np.sqrt(30) for name, values in found.items()}
    assert mean[OTHER_SEED, CKA] == pytest.approx(0.81, abs=4 * error[OTHER_SEED, CKA])
    for label, distance in (("near", 0.1), ("far", 0.6), (CONTROL, 0.05)):
        for measure, unit in ((CKA, 0.19), (KNN, KNN_UNIT)):
            assert 1 - mean[label, measure] == pytest.approx(distance * unit, abs=4 * error[label, measure])
    for label, lost in (("near", 0.01), ("far", 0.08), (CONTROL, 0.005)):
        assert mean[label, PROBE] == pytest.approx(lost, abs=4 * error[label, PROBE])


def test_influences_are_those_of_the_values(results):
    for measure in (CKA, KNN, PROBE):
        influence = compared(results, "far", measure, "influence")
        assert influence.shape == (4, 2, 64)
        np.testing.assert_allclose(influence.mean(-1), 0, atol=1e-6)
    right = compared(results, "near", PROBE, "right")
    np.testing.assert_allclose((right[:, 0] * 1.0 - right[:, 1]).mean(-1), compared(results, "near", PROBE))


def test_the_influence_on_the_jaccard_gives_its_variance_over_images():
    """Values vary over studies as seeds' factors and the influences' variance say."""
    still = Invention(2, 0.94, CONTROLS, (InventedMethod("far", 0.9, 0.6),), test=20, probe=64)
    rng, values, variances = np.random.default_rng(2), [], []
    for _ in range(100):
        results = still.draw(rng)
        values.append(compared(results, "far", KNN)[0, 0])
        influence = compared(results, "far", KNN, "influence")[0, 0].astype(float)
        variances.append((influence**2).sum() / (64 * 63))
    of_factor = (0.15 * 0.6 * KNN_UNIT) ** 2
    assert np.var(values) == pytest.approx(np.mean(variances) + of_factor, rel=0.35)


def test_a_copy_is_the_original_bit_for_bit(results):
    arrays = results.similarity(NETWORK, "copy", 0, ())
    assert arrays["identical"].all()
    np.testing.assert_array_equal(arrays[f"pooled/{CKA}/value"], 1.0)
    np.testing.assert_array_equal(arrays[f"pooled/{KNN}/value"], 1.0)
    np.testing.assert_array_equal(arrays[f"pooled/{PROBE}/value"], 0.0)
    assert not results.similarity(NETWORK, "near", 0, ())["identical"].any()


def test_measures_that_are_named_are_computed(invention):
    every = replace(invention, measures=(CKA, KNN, "rsa"), seeds=2)
    arrays = every.draw(np.random.default_rng(0)).similarity(NETWORK, "far", 1, ())
    assert {name.split("/")[1] for name in arrays if "/" in name} == {CKA, KNN, "rsa", PROBE}
    assert 0 < arrays[f"pooled/{KNN}/value"].min() < 1


def test_logits_are_right_where_the_margin_is_above_zero():
    labels = np.array([0, 3, 2])
    answers = logits(np.array([0.3, -0.1, -9.0]), labels).argmax(1)
    assert (answers == labels).tolist() == [True, False, False]
    assert answers.tolist() == [0, 0, 3]
