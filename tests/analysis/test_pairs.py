from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.distances import distance
from bench.analysis.inside import first_scaled
from bench.analysis.pairs import MOST_CLASSES, SideBySide, pairs
from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.diagnose.answers.class_effects import class_effects

METRIC = "test_accuracy"


@pytest.fixture
def few(variants):
    """Enough for every kind of pair."""
    return tuple(variants[label] for label in ("original", "finetune", "other-seed", "nncf-int8-ptq", "nncf-int8-qat"))


def every(found: SideBySide):
    return [(a, b) for place, a in enumerate(found.labels) for b in found.labels[place + 1 :]]


def test_every_pair_of_methods_controls_and_the_original_is_there_once(study: Study):
    found = pairs(study)["resnet8"]
    assert found.labels == tuple(variant.label for variant in study.plan.variants)
    assert [found.place(*pair) for pair in every(found)] == list(range(len(found.difference)))


@pytest.mark.parametrize("model", ["resnet8", "mobilenet-small"])
def test_the_difference_of_a_pair_is_the_studys(study: Study, model: str):
    found = pairs(study)[model]
    expected = [study.difference(METRIC, model, a, b).scaled(100) for a, b in every(found)]
    np.testing.assert_allclose(found.difference, [(each.value, each.low, each.high) for each in expected], atol=1e-9)
    seeds = [100 * (study.per_seed(METRIC, model, a) - study.per_seed(METRIC, model, b)) for a, b in every(found)]
    np.testing.assert_allclose(found.seeds, seeds, atol=1e-9)


def test_a_seed_without_a_result_is_left_out_of_its_pairs_alone(study_of, few, runs):
    cells = runs(models=("resnet8",), variants=few).cells()
    lost = [cell for cell in cells if cell.kind != "train" and cell.variant == "nncf-int8-ptq" and cell.seed in (1, 4)]
    study = study_of(variants=few, states={cell.name: "failed" for cell in lost})
    found = pairs(study)["resnet8"]
    expected = [study.difference(METRIC, "resnet8", a, b).scaled(100) for a, b in every(found)]
    assert {each.n for each in expected} == {4, 6}
    np.testing.assert_allclose(found.difference, [(each.value, each.low, each.high) for each in expected], atol=1e-9)
    one = distance(study, "resnet8", "nncf-int8-ptq", study.plan.features[0], first_scaled(study.plan))
    assert one is not None and one.overall.seeds == 4
    ratios = [at.ratio(study.plan.margins.inside) for at in one.overall_at]
    ours = -found.distances[found.place("original", "nncf-int8-ptq")]
    np.testing.assert_allclose(ours[:, [0, 2, 1]], [(each.value, each.low, each.high) for each in ratios], atol=1e-9)


def test_without_answers_to_single_images_the_seeds_alone_are_compared(study_of, few, steady):
    study = study_of(variants=few, accuracy=steady)
    found = pairs(study)["resnet8"]
    expected = [study.difference(METRIC, "resnet8", a, b).scaled(100) for a, b in every(found)]
    np.testing.assert_allclose(found.difference, [(each.value, each.low, each.high) for each in expected])
    assert found.answers is None
    assert found.classes == ()


def test_distances_of_a_network_and_its_reference_are_those_that_words_stand_on(study: Study):
    """Less the reference at every block; the original is at no distance from itself."""
    found, name, margin = pairs(study)["resnet8"], first_scaled(study.plan), study.plan.margins.inside
    for label in ("nncf-int8-qat", "magnitude:sparsity=0.8"):
        one = distance(study, "resnet8", label, study.plan.features[0], name)
        against = reference(study, "resnet8", label).inside_label
        assert one is not None and one.beyond_at is not None and against is not None
        swapped = found.labels.index(label) > found.labels.index(against)
        ours = found.distances[found.place(*((against, label) if swapped else (label, against)))]
        ours = -ours[:, [0, 2, 1]] if swapped else ours
        ratios = [at.ratio(margin) for at in one.beyond_at]
        np.testing.assert_allclose(ours, [(each.value, each.low, each.high) for each in ratios], atol=1e-9)
    assert found.blocks == one.blocks


def test_recalls_of_a_pair_are_the_shares_of_a_class_less_one_another(study: Study):
    found = pairs(study)["resnet8"]
    a, b = "original", "magnitude:sparsity=0.9"
    logits = [np.stack([each for each, _ in study.logits("resnet8", label).values()]) for label in (a, b)]
    labels = next(iter(study.logits("resnet8", a).values()))[1]
    expected = class_effects(*logits, labels).estimates
    ours = found.recalls[found.place(a, b)]
    assert found.classes == tuple(range(10))
    np.testing.assert_allclose(ours[:, 0], [100 * each.value for each in expected])
    assert (ours[:, 1] < ours[:, 0]).all()


def test_answers_that_differ_add_up_to_the_difference(study: Study):
    found = pairs(study)["resnet8"]
    assert found.answers is not None
    images, a_alone, b_alone = found.answers.T
    assert set(images) == {360}
    np.testing.assert_allclose(100 * (a_alone - b_alone) / images, found.difference[:, 0], atol=1e-9)
    same = found.place("original", "float16")
    assert found.answers[same].tolist() == [360, 0, 0]


def test_of_many_classes_those_that_differ_most_are_compared(study_of, few):
    names = tuple(f"class {number}" for number in range(45))
    study = study_of(variants=few, classes=names)
    found = pairs(study)["resnet8"]
    assert len(found.classes) == MOST_CLASSES
    assert found.all_classes == 45
    assert list(found.classes) == sorted(found.classes)


def test_of_many_pairs_fewer_blocks_and_classes_are_kept(study_of, few, monkeypatch):
    """Four of seven blocks at equal steps, the first and the last among them."""
    monkeypatch.setattr("bench.analysis.pairs.MOST_ROWS", 10)
    found = pairs(study_of(variants=few, blocks=7))["resnet8"]
    assert found.blocks == ("stage0", "stage2", "stage4", "stage6")
    assert found.distances.shape[1] == len(found.classes) == 4


def test_nothing_was_measured(study_of, few, runs):
    cells = runs(models=("resnet8",), variants=few).cells()
    study = study_of(variants=few, states={cell.name: "failed" for cell in cells if cell.kind != "train"})
    found = pairs(study)["resnet8"]
    assert found.labels == ()
    assert len(found.difference) == len(found.seeds) == len(found.distances) == 0


def test_insides_that_were_not_compared_leave_accuracy(study_of, few, runs):
    cells = runs(models=("resnet8",), variants=few).cells()
    study = study_of(variants=few, states={cell.name: "missing" for cell in cells if cell.kind == "compare"})
    found = pairs(study)["resnet8"]
    assert found.blocks == ()
    assert np.isfinite(found.difference[:, 0]).all()
