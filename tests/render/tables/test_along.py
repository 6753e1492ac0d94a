from __future__ import annotations

import pytest

from bench.analysis import wording
from bench.analysis.answers import hurt
from bench.analysis.claims import claims
from bench.analysis.departures import blocks
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.render.tables import along


def rows(table, model):
    found = (row.data for row in table.rows)
    return {row["variant"].value: row for row in found if row["model"].value == model}


def test_every_method_has_what_the_other_tables_say_of_it(study: Study):
    found = rows(along.build(study), "resnet8")
    assert list(found) == [variant.label for variant in study.plan.methods]
    for label, row in found.items():
        claim = inside_claims(study)["resnet8", label]
        assert row["inside"].value == wording.inside_word(claim)
        assert row["accuracy"].value == wording.verdict(claims(study)["resnet8", label, "accuracy"])
        assert row["distance"].value == pytest.approx(claim.measures["debiased-cka"].distance.value)
        (losses,) = (each for each in hurt(study) if (each.model, each.variant) == ("resnet8", label))
        assert row["classes"].value == losses.changed
        ece = study.difference("ece_difference", "resnet8", label, "finetune")
        assert row["ece"].value == pytest.approx(100 * ece.value)


def test_the_first_block_beyond_the_margin_is_where_a_method_departs(study: Study):
    feature, alpha = study.plan.features[0], study.plan.alpha
    for label, row in rows(along.build(study), "resnet8").items():
        below = [
            claim
            for claim in blocks(study)
            if (claim.model, claim.variant, claim.feature, claim.measure) == ("resnet8", label, feature, "debiased-cka")
            and claim.p_corrected <= alpha
        ]
        first = min(below, key=lambda claim: claim.depth, default=None)
        assert row["blocks"].value == len(below)
        assert row["departs"].value == (f"{first.block} ({first.depth + 1})" if first else "none shown")


def test_a_method_that_failed_is_said_to_have(study_of):
    kinds = ("compress", "compare")
    states = {f"{kind}/resnet8/{seed}/float16": "failed" for kind in kinds for seed in range(6)}
    row = rows(along.build(study_of(states=states)), "resnet8")["float16"]
    assert {row[key].hole for key in ("departs", "inside", "accuracy")} == {"failed"}


def test_without_a_comparison_there_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert along.build(study_of(states=dict.fromkeys(names, "missing"))) is None
