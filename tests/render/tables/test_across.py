from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.across import build


def test_methods_stand_by_rank_with_their_differences(study: Study):
    table = build(study)
    accuracy, inside = table.groups
    ranks = [row["rank"].value for row in accuracy.rows]
    assert ranks == sorted(ranks)
    assert len(accuracy.rows) == len(inside.rows) == len(study.plan.methods)
    pruned = next(row for row in accuracy.rows if row["variant"].value == "magnitude:sparsity=0.95")
    difference = pruned["difference"]
    assert difference.low < difference.value < difference.high < -30


def test_two_networks_cannot_rank_and_the_table_says_so(study: Study):
    assert (
        any("no ranking can be significant" in note for note in build(study).notes)
        or "Friedman" in build(study).caption
    )


def test_one_network_has_no_such_table(study_of):
    assert build(study_of(models=("resnet8",))) is None
