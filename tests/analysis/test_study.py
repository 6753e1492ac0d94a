from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.study import Study

ACCURACY = {"original": 95.0, "finetune": 95.5, "float16": 95.0, "nncf-int8-ptq": 94.0}


def accuracy(model: str, seed: int, label: str) -> float:
    return ACCURACY.get(label, 50.0) + 0.1 * seed + (0.05 * (seed % 2) if label == "nncf-int8-ptq" else 0)


def test_means_and_differences_are_over_seeds(study_of):
    study = study_of(accuracy=accuracy)
    assert study.mean("test_accuracy", "resnet8", "float16").value == pytest.approx(0.9525)
    difference = study.difference("test_accuracy", "resnet8", "nncf-int8-ptq", "original")
    assert difference.value == pytest.approx(-0.00975)
    assert difference.n == 6


def test_accuracy_is_judged_against_the_original_and_the_control(study_of):
    study = study_of(accuracy=accuracy)
    against = {
        outcome: study.claims["resnet8", "nncf-int8-ptq", outcome].evidence.difference.value
        for outcome in ("accuracy", "accuracy-control")
    }
    assert against == pytest.approx({"accuracy": -0.975, "accuracy-control": -1.475})


def test_the_family_is_all_methods_and_outcomes_of_a_model(study: Study):
    methods = len(study.plan.methods)
    assert methods == 11
    assert {claim.size for claim in study.claims.values()} == {4 * methods}
    assert {label for _, label, _ in study.claims} == {variant.label for variant in study.plan.methods}


def test_leading_set_holds_the_best_and_leaves_out_the_worst(study: Study):
    leading = study.leading["resnet8"]
    assert leading.best in leading.bold
    assert "magnitude:sparsity=0.95" not in leading.bold
    assert not set(leading.bold) & {"original", "finetune"}


def test_a_hole_is_the_worst_state_among_the_seeds(study_of):
    states = {"compress/resnet8/0/float16": "missing", "compress/resnet8/1/float16": "failed"}
    study = study_of(states=states)
    assert study.hole("resnet8", "float16") == "failed"
    assert study.hole("resnet8", "original") == ""
    assert study.mean("test_accuracy", "resnet8", "float16").n == 4


def test_blocks_are_corrected_over_methods_and_blocks(study: Study):
    own = [claim for claim in study.blocks if (claim.model, claim.feature) == ("resnet8", "pooled")]
    tested = [claim for claim in own if np.isfinite(claim.p)]
    assert len(own) == 15 * 4
    assert len(tested) == 11 * 4
    assert all(claim.p_corrected >= claim.p for claim in tested)
    assert min(claim.p_corrected for claim in tested) <= 44 * min(claim.p for claim in tested)


def test_another_seed_is_one_seed_equivalent_away(study: Study):
    other = study.distance("resnet8", "other-seed", "pooled")
    near = study.distance("resnet8", "nncf-int8-ptq", "pooled")
    assert other is not None
    assert near is not None
    assert other.value == pytest.approx(1)
    assert near.value < 0.1


def test_without_a_control_the_inside_is_not_judged(study_of):
    names = [f"{kind}/resnet8/{seed}/finetune" for kind in ("compress", "compare") for seed in range(6)]
    study = study_of(states=dict.fromkeys(names, "failed"))
    assert {outcome for _, _, outcome in study.claims} == {"accuracy"}
    assert all(claim.beyond is None for claim in study.blocks)
