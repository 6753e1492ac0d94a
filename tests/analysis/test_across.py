from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.across import across
from bench.analysis.study import Study


def test_a_single_network_has_nothing_to_average(study_of):
    assert across(study_of(models=("resnet8",))) == ()


def test_the_average_is_that_of_the_models_differences(study: Study):
    accuracy = across(study)[0]
    effect = next(each for each in accuracy.joint.effects if each.method == "magnitude:sparsity=0.9")
    each = [
        100
        * np.mean(
            study.per_seed("test_accuracy", model, "magnitude:sparsity=0.9")
            - study.per_seed("test_accuracy", model, "finetune")
        )
        for model in study.models
    ]
    assert effect.value == pytest.approx(np.mean(each))
    assert (effect.least, effect.most) == pytest.approx((min(each), max(each)))


def test_methods_alone_are_ranked(study: Study):
    for outcome in across(study):
        assert set(outcome.ranking.methods) == {variant.label for variant in study.plan.methods}
        assert outcome.ranking.n == 2


def test_the_inside_ranks_half_precision_first(study: Study):
    inside = across(study)[1]
    assert inside.ranking.methods[0] == "float16"
    assert inside.ranking.methods[-1] == "magnitude:sparsity=0.95"


def test_without_the_control_the_ranks_remain(study_of):
    models = ("resnet8", "mobilenet-small")
    names = [f"compress/{model}/{seed}/finetune" for model in models for seed in range(6)]
    accuracy = across(study_of(models=models, states=dict.fromkeys(names, "failed")))[0]
    assert accuracy.joint is None
    assert accuracy.ranking is not None
