from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.analysis.superiority import superiority
from bench.statistics.superiority import beats, beats_on_new_images


def test_every_method_stands_against_the_original_and_its_reference(study: Study):
    found = superiority(study)
    assert set(found) == {(model, variant.label) for model in study.models for variant in study.plan.methods}
    for (model, label), against in found.items():
        assert set(against) == {"original", reference(study, model, label).label} - {None}


def test_the_numbers_are_those_of_seeds_and_images(study: Study):
    found = superiority(study)["resnet8", "nncf-int8-ptq"]["original"]
    first, second = (study.per_seed("test_accuracy", "resnet8", label) for label in ("nncf-int8-ptq", "original"))
    assert found.trainings == beats(first, second)
    wins, ties = (first > second).sum(), np.isclose(first, second).sum()
    assert found.trainings.value == pytest.approx((wins + ties / 2) / 6)
    tables = (study.table("resnet8", label) for label in ("nncf-int8-ptq", "original"))
    assert found.new_images == beats_on_new_images(*tables)


def test_identical_answers_tie_always(study: Study):
    found = superiority(study)["resnet8", "float16"]["original"]
    assert found.trainings.value == 0.5
    assert found.new_images is not None
    assert found.new_images.value == 0.5


def test_without_answers_to_single_images_there_is_no_normal_model(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady)
    assert all(each.new_images is None for against in superiority(study).values() for each in against.values())
