from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.analysis.superiority import superiority
from bench.render.tables.superiority import build


def test_the_chances_are_those_of_the_analysis(study: Study):
    table = build(study)
    assert table is not None
    rows = {(row["model"].value, row["variant"].value): row.data for row in table.rows}
    assert len(rows) == len(study.models) * len(study.plan.methods)
    row, against = rows["resnet8", "nncf-int8-ptq"], superiority(study)["resnet8", "nncf-int8-ptq"]["original"]
    assert row["original"].value == pytest.approx(100 * against.trainings.value)
    assert row["original"].high == pytest.approx(100 * against.trainings.high)
    assert row["original_new"].value == pytest.approx(100 * against.new_images.value)
    assert row["seeds"].value == 6


def test_a_method_that_trained_stands_against_its_control_too(study: Study):
    rows = {row["variant"].value: row.data for row in build(study).rows if row["model"].value == "resnet8"}
    for label, against in (
        (label, found) for (model, label), found in superiority(study).items() if model == "resnet8"
    ):
        others = set(against) - {"original"}
        assert bool(rows[label]["reference"].value) == bool(others)
        for other in others:
            assert rows[label]["own"].value == pytest.approx(100 * against[other].trainings.value)


def test_nothing_done_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
