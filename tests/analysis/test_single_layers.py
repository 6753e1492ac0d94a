"""Sensitivity curves over seeds, from invented rises."""

import math

import numpy as np
import pytest

from bench.analysis import metrics
from bench.analysis.results import load
from bench.analysis.single_layers import layers, together
from bench.analysis.study import Study
from tests.invented import CONTROLS, METHODS, Runs
from tests.single_layers import TARGETS, SingleLayers, rise

SEEDS = (0, 1)


def study_of(folder, **settings):
    runs = Runs(models=("resnet8", "mobilenet"), seeds=SEEDS, variants=(*CONTROLS, METHODS[0]))
    return Study(load(SingleLayers(**settings).add(runs.write(folder))))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("runs"))


def of(study, **fields):
    return [layer for layer in layers(study) if all(getattr(layer, name) == fields[name] for name in fields)]


def test_layers_are_in_order_of_network_kind_and_depth(study):
    expected = [(model, kind, target) for model in study.models for kind, names in TARGETS.items() for target in names]
    assert [(layer.model, layer.kind, layer.target) for layer in layers(study)] == expected


def test_rises_are_those_of_the_seeds(study):
    (stem,) = of(study, model="resnet8", kind="elements", target="stem")
    for retaken in (False, True):
        expected = [[rise("elements", "stem", step, seed, retaken) for step in range(3)] for seed in SEEDS]
        np.testing.assert_array_equal(stem.rises(retaken=retaken), expected)
    assert stem.levels == [0.0, 0.5, 0.9]


def test_what_is_tolerated_is_chosen_seed_by_seed(study):
    # By hand: the stem's first step rises by 0.3 and the head's second by 0.02. The middle's first step rises by 0.08
    # and 0.088 and is tolerated, the second is not; with statistics taken again it rises by 0.08 and 0.088.
    (stem, middle, head) = of(study, model="resnet8", kind="elements")
    assert [layer.level(retaken=False).value for layer in (stem, middle, head)] == [0.0, 0.5, 0.9]
    assert [layer.saved(retaken=False).value for layer in (stem, middle, head)] == [0.0, 200.0, 600.0]
    assert [layer.level(retaken=True).value for layer in (stem, middle, head)] == [0.0, 0.9, 0.9]
    (bits, *_) = of(study, model="resnet8", kind="bits")
    assert bits.level(retaken=False).value == 32.0


def test_seeds_of_which_one_tolerates_more_are_averaged(tmp_path):
    study = study_of(tmp_path, rise=lambda kind, target, step, seed, retaken: step * (0.04 if seed else 0.2))
    assert of(study, model="resnet8", kind="elements")[0].level(retaken=False).value == pytest.approx(0.45)


def test_a_loss_that_is_no_number_is_not_tolerated(tmp_path):
    study = study_of(tmp_path, rise=lambda kind, target, step, seed, retaken: None if step == 1 else 0.0)
    (stem, *_) = of(study, model="resnet8", kind="elements")
    assert stem.level(retaken=False).value == 0.0
    assert np.isnan(stem.rises(retaken=False)[:, 1]).all()


def test_a_seed_that_failed_leaves_the_others(tmp_path):
    study = study_of(tmp_path, states={"sensitivity/resnet8/0/original": "failed"})
    (stem, *_) = of(study, model="resnet8", kind="elements")
    assert np.isnan(stem.rises(retaken=True)[0]).all()
    assert stem.level(retaken=True).n == 1
    assert not together(study)[0].joints[0]


def test_without_batch_normalisation_nothing_was_taken_again(tmp_path):
    study = study_of(tmp_path, retakes=False)
    (stem, *_) = of(study, model="resnet8", kind="elements")
    assert not stem.retaken
    assert math.isnan(stem.level(retaken=True).value)
    assert together(study)[0].mean("rise", retaken=True) is None


def test_all_at_once_stand_beside_the_sum(study):
    (joint,) = [j for j in together(study) if (j.model, j.kind, j.level) == ("resnet8", "elements", 0.9)]
    total = np.mean([sum(rise("elements", name, 2, seed, False) for name in TARGETS["elements"]) for seed in SEEDS])
    assert joint.mean("sum", retaken=False).value == pytest.approx(total)
    assert joint.mean("rise", retaken=False).value == pytest.approx(2 * total)
    assert [j.level for j in together(study)[:4]] == [0.0, 0.5, 0.9, "tolerated"]


def test_what_the_original_scores_is_among_the_metrics(study):
    found = {(m.metric, m.value, m.unit) for m in metrics.measured(study) if m.metric.startswith("sensitivity.")}
    assert found == {
        ("sensitivity.accuracy", 95.0, "%"), ("sensitivity.images", 100, ""), ("sensitivity.loss", 0.2, ""),
    }  # fmt: skip


def test_runs_without_a_sensitivity_have_no_layers(tmp_path):
    runs = Runs(models=("resnet8",), seeds=SEEDS, variants=(*CONTROLS, METHODS[0]))
    study = Study(load(runs.write(tmp_path)))
    assert layers(study) == together(study) == ()
