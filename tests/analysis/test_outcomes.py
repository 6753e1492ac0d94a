from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import outcomes
from bench.analysis.study import Study


def test_every_profile_asks_of_the_primary_outcome_and_of_every_feature_convention(study: Study):
    asked = outcomes.outcomes(study)
    assert [outcome.key for outcome in asked] == ["accuracy", "inside-pooled", "inside-flattened"]
    assert [outcome.title for outcome in asked[:2]] == ["Top-1, less reference", "CKA, less control (pooled)"]
    assert asked[:2] == (outcomes.primary(study), outcomes.inside(study))


def test_the_primary_outcome_is_in_points(study: Study):
    evidence = outcomes.primary(study).evidence(study, "resnet8", "nncf-int8-ptq")
    assert evidence is not None
    shares = [study.per_seed("test_accuracy", "resnet8", label) for label in ("nncf-int8-ptq", "original")]
    np.testing.assert_allclose(evidence.per_seed, 100 * (shares[0] - shares[1]))
    assert evidence.difference.value == pytest.approx(np.mean(evidence.per_seed))


def test_the_inside_is_less_the_controls(study: Study):
    outcome = outcomes.inside(study)
    evidence = outcome.evidence(study, "resnet8", "magnitude:sparsity=0.9")
    assert evidence is not None
    compared, control = (study.insides["resnet8", label, "pooled"] for label in ("magnitude:sparsity=0.9", "finetune"))
    np.testing.assert_allclose(evidence.per_seed, compared.mean_values - control.mean_values)
    assert evidence.difference == compared.beyond(control)


def test_what_was_not_measured_is_no_evidence(study_of):
    names = [f"{kind}/resnet8/{seed}/finetune" for kind in ("compress", "compare") for seed in range(6)]
    study = study_of(states=dict.fromkeys(names, "failed"))
    assert np.isnan(outcomes.inside(study).values(study, "resnet8", "finetune")).all()
    assert outcomes.inside(study).evidence(study, "resnet8", "float16") is None
    assert outcomes.primary(study).evidence(study, "resnet8", "nncf-int8-qat") is None
    assert outcomes.primary_less_original(study).evidence(study, "resnet8", "nncf-int8-qat") is not None
