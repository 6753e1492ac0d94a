from __future__ import annotations

import pytest
from scipy import stats

from bench.analysis.budget import best_within, budgets, leading
from bench.analysis.study import Study


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([3_900.0, 61_000.0], [5, 10, 20, 50, 100]),
        ([100.0], [1]),
        ([1_000_000.0], [1000]),
        ([1_500_000.0], [2000]),
        ([], []),
    ],
)
def test_budgets_go_from_the_first_that_fits_to_the_first_that_all_do(sizes: list[float], expected: list[int]):
    assert budgets(sizes) == expected


def test_the_best_itself_is_none_of_the_others(study: Study):
    found = best_within(study, "resnet8", 1e9)
    assert found is not None
    assert found.best not in (*found.undecided, *found.close)
    for labels in (found.undecided, found.close):
        sizes = [study.mean("payload_bytes", "resnet8", label).value for label in labels]
        assert sizes == sorted(sizes)
    assert best_within(study, "resnet8", 10.0) is None


def test_what_loses_little_is_shown_to(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady)
    found = best_within(study, "resnet8", 1e9)
    assert found is not None
    others = [variant.label for variant in study.plan.methods if variant.label != found.best]
    p = {}
    for label in others:
        lost = study.difference("test_accuracy", "resnet8", label, found.best)
        p[label] = stats.t.sf((lost.value + 0.005) / lost.standard_error, lost.df)
    assert max(p[label] for label in found.close) < 0.05
    assert min(value for label, value in p.items() if label not in found.close) > 0.05 / len(others)
    assert len(found.close) == 2


def test_three_seeds_are_too_few_to_say_that_little_is_lost(study_of, steady):
    found = best_within(study_of(models=("resnet8",), seeds=(0, 1, 2), accuracy=steady), "resnet8", 1e9)
    assert found is not None
    assert found.undecided and not found.close


def test_leading_set_holds_the_best_and_leaves_out_the_worst(study: Study):
    leaders = leading(study)["resnet8"]
    assert leaders.best in leaders.bold
    assert "magnitude:sparsity=0.95" not in leaders.bold
    assert not set(leaders.bold) & {"original", "finetune"}


def test_few_seeds_tell_no_method_from_another(study_of, steady):
    found = best_within(study_of(models=("resnet8",), seeds=(0, 1, 2), accuracy=steady), "resnet8", 1e9)
    assert found is not None
    assert (found.silent, len(found.undecided) + len(found.untested)) == ("seeds", found.others)


def test_where_there_is_nothing_to_lose_no_method_is_told_from_another(study_of, guessing):
    found = best_within(study_of(right=guessing), "resnet8", 1e9)
    assert found is not None
    assert (found.silent, len(found.undecided), found.close) == ("chance", found.others, ())
