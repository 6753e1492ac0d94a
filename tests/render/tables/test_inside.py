from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.distances import distance, loss
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import inside_word, measure_word
from bench.render.kit.table import Datum
from bench.render.tables.inside import build


def test_every_method_has_its_word_and_what_each_deciding_measure_says(study: Study):
    table = build(study)
    judged = [row for row in table.rows if row.role == "method"]
    assert len(judged) == 2 * 11
    for row in judged:
        claim = inside_claims(study)[row["model"].value, row["variant"].value]
        assert row["word"].value == inside_word(claim)
        assert row["p_changed"].value == claim.p_changed
        for name in study.plan.similarity.inside:
            key, measured = name.replace("-", "_"), claim.measures[name]
            assert row[f"{key}_distance"].value == measured.distance.value
            assert row[f"{key}_word"].value == measure_word(measured)
            assert row[f"{key}_own_margin"].value == measured.own_margin


def test_the_yardsticks_stand_below_with_their_distance_and_no_word(study: Study):
    rows = {row["variant"].value: row for row in build(study).rows if row["model"].value == "resnet8"}
    assert rows["other-seed"]["debiased_cka_distance"].value == pytest.approx(1)
    lost = loss(study, "resnet8", "random-weights", "pooled")
    assert rows["random-weights"]["cross_probe_distance"].value == pytest.approx(100 * np.nanmean(lost.values, 0).max())
    assert (
        rows["other-seed"]["word"] == rows["other-seed"]["cross_probe_word"] == rows["other-seed"]["seeds"] == Datum()
    )


def test_measures_that_decide_nothing_are_offered(study: Study):
    table = build(study)
    offered = {column.key for column in table.offered}
    assert {"rsa_distance", "svcca_distance"} <= offered - {column.key for column in table.shown}
    row = next(table.rows)
    one = distance(study, row["model"].value, row["variant"].value, "pooled", "rsa")
    assert row["rsa_distance"].value == one.overall.ratio(study.plan.margins.inside).value


def test_the_caption_says_the_margin_in_every_unit_and_the_note_what_is_lacking(study: Study):
    table = build(study)
    assert "Margin: 0.1 seed-equivalents. Of the cross-probe: 0.5 points." in table.details
    assert "On ResNet-8: Debiased linear CKA 0.01" in table.details
    assert table.notes[0] == (
        "64 probe images cannot show a loss below 0.5 points, even if none changes: at least 598 are needed."
    )


def test_what_could_not_be_compared_says_why(study_of):
    names = [f"compare/resnet8/{seed}/float16" for seed in range(6)]
    rows = {row["variant"].value: row for row in build(study_of(states=dict.fromkeys(names, "failed"))).rows}
    assert rows["float16"]["word"].hole == "failed"
    assert rows["float16"]["debiased_cka_distance"].hole == "failed"


def test_without_any_comparison_there_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
