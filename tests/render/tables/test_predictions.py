from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.tables.predictions import build


def test_churn_beyond_the_control_is_paired_by_seed(study: Study):
    table = build(study)
    assert table is not None
    keys = [column.key for column in table.columns]
    assert keys[3:] == ["churn", "churn_beyond", "jensen_shannon", "nll", "brier", "ece"]
    rows = {(row["model"].value, row["variant"].value): row.data for row in table.rows}
    own, control = (study.per_seed("churn", "resnet8", label) for label in ("float16", "finetune"))
    assert rows["resnet8", "float16"]["churn_beyond"].value == pytest.approx(100 * (own - control).mean())
    assert rows["resnet8", "float16"]["churn"].value == pytest.approx(100 * own.mean())
    assert rows["resnet8", "finetune"]["churn_beyond"].value is None


def test_no_comparison_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) is None


def test_calibration_error_that_the_recipe_makes_is_named(study: Study):
    assert build(study).notes == ()
    models = [network.model_copy(update={"recipe": {"label_smoothing": 0.1}}) for network in study.plan.models[:1]]
    smoothed = study.judged_by(models=(*models, *study.plan.models[1:]))
    (note,) = build(smoothed).notes
    assert note.startswith("ResNet-8: label smoothing of 0.1 makes the original less sure")
