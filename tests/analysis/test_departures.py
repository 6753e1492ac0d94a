from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.departures import blocks, departures
from bench.analysis.study import Study


def claims_of(study: Study, model: str, variant: str, measure: str):
    asked = (model, variant, study.plan.features[0], measure)
    return [claim for claim in blocks(study) if (claim.model, claim.variant, claim.feature, claim.measure) == asked]


@pytest.mark.parametrize("measure", ["debiased-cka", "knn-jaccard", "cross-probe"])
def test_blocks_are_corrected_over_methods_and_blocks(study: Study, measure: str):
    asked = ("resnet8", "pooled", measure)
    found = [claim for claim in blocks(study) if (claim.model, claim.feature, claim.measure) == asked]
    tested = [claim for claim in found if np.isfinite(claim.p)]
    assert len(found) == 15 * 4
    assert len(tested) == 11 * 4
    assert all(claim.p_corrected >= claim.p for claim in tested)
    assert min(claim.p_corrected for claim in tested) <= 44 * min(claim.p for claim in tested)


def test_a_network_departs_where_it_is_shown_to_be_beyond_the_margin(study: Study):
    beyond = departures(study, "resnet8", "magnitude:sparsity=0.95")
    assert beyond
    for claim in claims_of(study, "resnet8", "magnitude:sparsity=0.95", "debiased-cka"):
        assert (claim in beyond) == (claim.p_corrected <= study.plan.alpha)
        assert not claim.departs(study.plan.alpha) or claim.beyond.value > study.plan.margins.inside
    assert [claim.depth for claim in beyond] == sorted(claim.depth for claim in beyond)


def test_a_rounding_that_is_shown_departs_nowhere(study: Study):
    for claim in claims_of(study, "resnet8", "nncf-int8-ptq", "debiased-cka"):
        assert claim.beyond.low > 0  # farther than 0 without doubt
    assert departures(study, "resnet8", "nncf-int8-ptq") == []


def test_controls_are_not_judged(study: Study):
    assert departures(study, "resnet8", "finetune") is None


def test_nothing_departs_where_words_are_withheld(study_of):
    study = study_of(seeds=(0, 1, 2))
    assert departures(study, "resnet8", "magnitude:sparsity=0.95") is None
    assert departures(Study(study.results, withholds=False), "resnet8", "magnitude:sparsity=0.95")


def test_without_a_control_what_was_fine_tuned_is_not_judged(study_of):
    names = [f"{kind}/resnet8/{seed}/finetune" for kind in ("compress", "compare") for seed in range(6)]
    study = study_of(states=dict.fromkeys(names, "failed"))
    assert departures(study, "resnet8", "nncf-int8-qat") is None
    assert departures(study, "resnet8", "magnitude:sparsity=0.95")
