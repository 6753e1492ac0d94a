from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.across import across
from bench.analysis.claims import claims
from bench.analysis.study import Study
from bench.render.figures import ranking
from bench.render.tables import across as table
from bench.statistics.superiority import on_networks

FIVE = tuple(f"net{number}" for number in range(5))


def test_a_single_network_has_nothing_to_average(study_of):
    assert across(study_of(models=("resnet8",))) == ()


def test_two_networks_are_neither_ranked_nor_averaged_and_nothing_is_printed(study: Study):
    assert across(study) == ()
    assert table.build(study) is None
    assert ranking.build(study) is None


def test_the_average_is_that_of_the_models_differences(five: Study):
    accuracy = across(five)[0]
    effect = next(each for each in accuracy.joint.effects if each.method == "magnitude:sparsity=0.9")
    each = [
        100
        * np.mean(
            five.per_seed("test_accuracy", model, "magnitude:sparsity=0.9")
            - five.per_seed("test_accuracy", model, "finetune")
        )
        for model in five.models
    ]
    assert effect.value == pytest.approx(np.mean(each))
    assert (effect.least, effect.most) == pytest.approx((min(each), max(each)))


def test_methods_alone_are_ranked(five: Study):
    for outcome in across(five):
        assert outcome.ranking is not None
        assert set(outcome.ranking.methods) == {variant.label for variant in five.plan.methods}
        assert outcome.ranking.n == 5


def test_on_how_many_networks_it_is_lower_is_corrected_over_networks_and_methods(five: Study):
    found = across(five)[0].lower["magnitude:sparsity=0.95"]
    judged = [claims(five)[model, "magnitude:sparsity=0.95", "accuracy"] for model in FIVE]
    expected = on_networks([claim.raw.p_different / 2 for claim in judged], alpha=0.05 / len(five.plan.methods))
    assert found == expected
    assert found.least == 5
    assert across(five)[0].same["magnitude:sparsity=0.95"].least == 0
    row = next(row for row in table.build(five).groups[0].rows if row["variant"].value == "magnitude:sparsity=0.95")
    assert row["lower_on"].value == "5 of 5"


def test_too_few_seeds_say_nothing_of_any_number_of_networks(variants, study_of):
    chosen = tuple(variants[label] for label in ("original", "finetune", "nncf-int8-ptq"))
    few = study_of(models=FIVE[:3], seeds=(0, 1), variants=chosen)
    assert across(few) == ()


def test_without_the_control_the_ranks_remain(study_of, variants):
    names = [f"compress/{model}/{seed}/finetune" for model in FIVE for seed in range(6)]
    labels = ("original", "finetune", "nncf-int8-ptq", "magnitude:sparsity=0.9", "magnitude:sparsity=0.95")
    chosen = tuple(variants[label] for label in labels)
    accuracy = across(study_of(models=FIVE, variants=chosen, states=dict.fromkeys(names, "failed")))[0]
    assert accuracy.joint is None
    assert accuracy.ranking is not None
