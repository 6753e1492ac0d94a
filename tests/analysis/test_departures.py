from __future__ import annotations

import numpy as np

from bench.analysis.departures import blocks, departures
from bench.analysis.study import Study


def test_blocks_are_corrected_over_methods_and_blocks(study: Study):
    own = [claim for claim in blocks(study) if (claim.model, claim.feature) == ("resnet8", "pooled")]
    tested = [claim for claim in own if np.isfinite(claim.p)]
    assert len(own) == 15 * 4
    assert len(tested) == 11 * 4
    assert all(claim.p_corrected >= claim.p for claim in tested)
    assert min(claim.p_corrected for claim in tested) <= 44 * min(claim.p for claim in tested)


def test_a_network_departs_where_it_is_shown_to_be_farther_than_the_control(study: Study):
    feature = study.plan.features[0]
    below = departures(study, "resnet8", "magnitude:sparsity=0.95")
    assert below
    for claim in blocks(study):
        if (claim.model, claim.variant, claim.feature) == ("resnet8", "magnitude:sparsity=0.95", feature):
            assert (claim in below) == (claim.p_corrected <= study.plan.alpha and claim.beyond.value < 0)
    assert [claim.depth for claim in below] == sorted(claim.depth for claim in below)


def test_the_control_itself_is_not_judged(study: Study):
    assert departures(study, "resnet8", "finetune") is None
