from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.across import build


def test_methods_stand_by_rank_with_their_differences(five: Study):
    table = build(five)
    accuracy, inside = table.groups
    ranks = [row["rank"].value for row in accuracy.rows]
    assert ranks == sorted(ranks)
    assert len(accuracy.rows) == len(inside.rows) == len(five.plan.methods)
    pruned = next(row for row in accuracy.rows if row["variant"].value == "magnitude:sparsity=0.95")
    difference = pruned["difference"]
    assert difference.low < difference.value < difference.high < -30
    assert pruned["lower_on"].value == "5 of 5"
    assert pruned["same_on"].value == "0 of 5"
    assert "Bonferroni" in table.details


def test_networks_too_few_to_say_anything_together_have_no_such_table(study: Study, study_of):
    assert build(study) is None
    assert build(study_of(models=("resnet8",))) is None


def test_three_networks_have_their_number_and_no_empty_columns(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "nncf-int8-ptq", "magnitude:sparsity=0.95"))
    (row, other) = build(study_of(models=("a", "b", "c"), variants=chosen)).rows
    assert set(row.data) == {"variant", "title", "outcome", "same_on", "lower_on"}
    assert {row["lower_on"].value, other["lower_on"].value} == {"0 of 3", "3 of 3"}
