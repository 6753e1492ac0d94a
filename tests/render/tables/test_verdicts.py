from __future__ import annotations

import math

import numpy as np
import pytest

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.outcomes import outcomes
from bench.analysis.study import Study
from bench.render.kit.table import show
from bench.render.tables.verdicts import build


def test_a_row_a_method_and_outcome_with_its_claim(study: Study):
    table = build(study)
    assert table.size == 2 * 11
    keys_by_title = {outcome.title: outcome.key for outcome in outcomes(study)}
    for row in table.rows:
        found = row.data
        claim = claims(study)[found["model"].value, found["variant"].value, keys_by_title[found["outcome"].value]]
        assert found["verdict"].value == wording.verdict(claim)
        assert found["reference"].value == claim.evidence.reference
        if not claim.tested:
            assert [found[key].value for key in ("p_t", "p_flip", "p_different", "p_equivalent")] == [None] * 4
            assert found["decides"].value is None
            continue
        ends = [None if math.isnan(end) else end for end in (claim.verdict.low, claim.verdict.high)]
        assert [found["decides"].low, found["decides"].high] == ends
        assert found["p_t"].value == claim.raw.p_different
        assert found["p_different"].value == claim.verdict.p_different
        assert found["p_equivalent"].value == claim.verdict.p_equivalent
        assert found["p_least"].value == 2**-5
        assert found["margin"].value == claim.evidence.outcome.margin


def test_the_mean_is_printed_once(study: Study):
    table = build(study)
    (decides,) = [column for column in table.columns if column.key == "decides"]
    printed = [show(row["decides"], decides) for row in table.rows if row["decides"].value is not None]
    assert printed
    for text in printed:
        assert text.plain.startswith("[") and text.plain.endswith("]")


def test_what_could_not_be_compared_says_why(study_of):
    names = [f"compress/resnet8/{seed}/float16" for seed in range(6)]
    table = build(study_of(states=dict.fromkeys(names, "failed")))
    holes = [row for row in table.rows if row["variant"].value == "float16" and row["difference"].hole]
    assert {row["difference"].hole for row in holes} == {"failed"}
    assert len(holes) == 1


def test_images_are_never_counted_as_seeds(study_of):
    table = build(study_of(models=("resnet8",), seeds=(0,)))
    assert {row["seeds"].value for row in table.rows} <= {0, 1, None}


def test_the_effect_is_the_difference_over_the_spread_of_seeds(study: Study):
    claim = claims(study)["resnet8", "nncf-int8-ptq", "accuracy"]
    (row,) = [
        row
        for row in build(study).rows
        if dict(row.about) == dict(row.about) | {"model": "resnet8", "variant": "nncf-int8-ptq"}
        and row["outcome"].value == claim.evidence.outcome.title
    ]
    assert row["effect"].value == pytest.approx(
        claim.evidence.difference.value / claim.evidence.difference.standard_error / np.sqrt(6)
    )
