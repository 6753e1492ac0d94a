from __future__ import annotations

import pytest

from bench.analysis.budget import best_within
from bench.analysis.study import Study
from bench.render.kit.table import Datum
from bench.render.tables.budget import build


def test_the_best_fits_and_none_that_fits_is_better_on_validation_images(study: Study):
    for row in build(study).rows:  # type: ignore[union-attr]
        model, budget, label = (row[key].value for key in ("model", "budget", "label"))
        assert study.per_seed("payload_bytes", model, label).max() <= budget * 1e3
        fitting = [
            study.per_seed("validation_accuracy", model, variant.label).mean()
            for variant in study.plan.methods
            if study.per_seed("payload_bytes", model, variant.label).max() <= budget * 1e3
        ]
        assert study.per_seed("validation_accuracy", model, label).mean() == pytest.approx(max(fitting))
        level, less = study.level(model, label), study.difference("test_accuracy", model, label, "original")
        assert row["top1"] == Datum(100 * level.value, 100 * level.low, 100 * level.high)
        assert row["less_original"].value == pytest.approx(100 * less.value)
        within = best_within(study, model, budget * 1e3)
        assert row["changes"].value == pytest.approx(100 * within.choice.changes)
        assert row["by"].value == "validation"


def test_the_smallest_that_loses_little_is_named(study: Study):
    table = build(study)
    for row in table.rows:
        data = row.data
        for what in ("untold", "close"):
            listed = data[f"{what}_names"].value
            names = [] if listed == "none" else listed.split("; ")
            assert len(names) == data[what].value
        if data["smallest"].value is not None:
            assert data["smallest_payload"].value <= data["budget"].value
            (label,) = [each.label for each in study.plan.methods if each.title == data["smallest"].value]
            lost = study.per_seed("validation_accuracy", data["model"].value, label) - study.per_seed(
                "validation_accuracy", data["model"].value, "original"
            )
            assert lost.mean() >= -0.005


def test_nothing_packed_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
