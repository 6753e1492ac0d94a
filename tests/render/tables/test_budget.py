from __future__ import annotations

import pytest

from bench.render.study import Study
from bench.render.tables.budget import best_within, budgets, build


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


def test_the_best_fits_and_none_that_fits_is_better(study: Study):
    for row in build(study).rows:  # type: ignore[union-attr]
        model, budget, label = (row.cells[index].value for index in (0, 1, 3))
        assert study.mean("payload_bytes", model, label).value <= budget * 1e3
        fitting = [
            study.mean("test_accuracy", model, variant.label).value
            for variant in study.plan.methods
            if study.mean("payload_bytes", model, variant.label).value <= budget * 1e3
        ]
        assert study.mean("test_accuracy", model, label).value == max(fitting)


def test_ties_never_hold_the_best_itself(study: Study):
    found = best_within(study, "resnet8", 1e9)
    assert found is not None
    assert found.best not in found.level
    sizes = [study.mean("payload_bytes", "resnet8", label).value for label in found.level]
    assert sizes == sorted(sizes)
    assert best_within(study, "resnet8", 10.0) is None


def test_the_smallest_of_those_that_are_level_is_named(study: Study):
    table = build(study)
    keys = [column.key for column in table.columns]
    for row in table.rows:
        cells = dict(zip(keys, row.cells))
        names = [] if cells["ties"].value == "none" else cells["ties"].value.split("; ")
        assert len(names) == cells["others"].value
        assert (cells["smallest"].value in names) == bool(names)
        if names:
            assert cells["smallest_payload"].value <= cells["budget"].value


def test_nothing_packed_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
