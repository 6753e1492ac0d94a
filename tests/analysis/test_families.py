from __future__ import annotations

import pytest

from bench.analysis.claims import claims, losses
from bench.analysis.departures import blocks
from bench.analysis.families import families, overall_rate
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study


def test_families_are_those_that_were_corrected(study: Study):
    found = families(study)
    assert {family.model for family in found} == set(study.models)
    words = [family for family in found if family.words]
    assert {family.correction for family in words} == {"Holm"}
    for family in words:
        if family.what == "the inside":
            judged = [claim for claim in insides_of(study, family.model) if claim.family]
            assert family.size == len(judged) == judged[0].size
            continue
        keys = {claim.evidence.outcome.title: key[2] for key, claim in claims(study).items()}
        of = [claim for key, claim in claims(study).items() if key[::2] == (family.model, keys[family.what])]
        assert family.size == {claim.size for claim in of if claim.tested}.pop() == sum(claim.tested for claim in of)
        assert family.least == pytest.approx(min(1.0, 2**-5 * family.size))
    (compared,) = (
        each for each in found if each.what == "Change in accuracy from the original" and each.model == "resnet8"
    )
    assert compared.size == losses(study)["resnet8", "float16"].size
    title = "Debiased linear CKA of single blocks (pooled)"
    (pooled,) = (each for each in found if each.what == title and each.model == "resnet8")
    asked = ("resnet8", "pooled", "debiased-cka")
    tested = [block for block in blocks(study) if (block.model, block.feature, block.measure) == asked]
    assert pooled.size == sum(block.p == block.p for block in tested) > 0


def test_the_reports_rate_is_the_sum_over_families_with_words(study: Study):
    count = sum(family.words for family in families(study))
    assert count == 2 * 2 * 2
    assert overall_rate(study) == pytest.approx(0.05 * count)


def test_without_words_nothing_can_be_false(study_of):
    study = study_of(seeds=(0, 1, 2))
    assert overall_rate(study) == 0.0
    assert any(family.size for family in families(study))
