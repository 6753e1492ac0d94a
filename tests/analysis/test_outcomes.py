from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import outcomes
from bench.analysis.study import Study


def test_every_profile_asks_of_the_primary_outcome(study: Study):
    asked = outcomes.outcomes(study)
    assert [outcome.key for outcome in asked] == ["accuracy"]
    assert [outcome.title for outcome in asked] == ["Change in accuracy from the reference"]
    assert asked == (outcomes.primary(study),)


def test_the_primary_outcome_is_in_points(study: Study):
    evidence = outcomes.primary(study).evidence(study, "resnet8", "nncf-int8-ptq")
    assert evidence is not None
    shares = [study.per_seed("test_accuracy", "resnet8", label) for label in ("nncf-int8-ptq", "original")]
    np.testing.assert_allclose(evidence.per_seed, 100 * (shares[0] - shares[1]))
    assert evidence.difference.value == pytest.approx(np.mean(evidence.per_seed))


def test_what_was_not_measured_is_no_evidence(study_of):
    names = [f"{kind}/resnet8/{seed}/finetune" for kind in ("compress", "compare") for seed in range(6)]
    study = study_of(states=dict.fromkeys(names, "failed"))
    assert outcomes.primary(study).evidence(study, "resnet8", "nncf-int8-qat") is None
    assert outcomes.primary_less_original(study).evidence(study, "resnet8", "nncf-int8-qat") is not None
