from __future__ import annotations

import pytest

from bench.analysis.study import Study, judgement

ACCURACY = {"original": 95.0, "finetune": 95.5, "float16": 95.0, "nncf-int8-ptq": 94.0}


def accuracy(model: str, seed: int, label: str) -> float:
    return ACCURACY.get(label, 50.0) + 0.1 * seed + (0.05 * (seed % 2) if label == "nncf-int8-ptq" else 0)


def test_means_and_differences_are_over_seeds(study_of):
    study = study_of(accuracy=accuracy)
    assert study.mean("test_accuracy", "resnet8", "float16").value == pytest.approx(0.9525)
    difference = study.difference("test_accuracy", "resnet8", "nncf-int8-ptq", "original")
    assert difference.value == pytest.approx(-0.00975)
    assert difference.n == 6


def test_a_hole_is_the_worst_state_among_the_seeds(study_of):
    states = {"compress/resnet8/0/float16": "missing", "compress/resnet8/1/float16": "failed"}
    study = study_of(states=states)
    assert study.hole("resnet8", "float16") == "failed"
    assert study.hole("resnet8", "original") == ""
    assert study.mean("test_accuracy", "resnet8", "float16").n == 4


def test_a_judgement_is_made_once_a_study_and_goes_with_it(study: Study):
    asked = []

    @judgement
    def seeds(study: Study) -> int:
        asked.append(study)
        return study.seeds

    other = Study(study.results)
    assert [seeds(study), seeds(study), seeds(other)] == [6, 6, 6]
    assert [each is study for each in asked] == [True, False]
