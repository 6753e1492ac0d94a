from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.budget import build


def test_the_best_fits_and_none_that_fits_is_better(study: Study):
    for row in build(study).rows:  # type: ignore[union-attr]
        model, budget, label = (row[key].value for key in ("model", "budget", "label"))
        assert study.mean("payload_bytes", model, label).value <= budget * 1e3
        fitting = [
            study.mean("test_accuracy", model, variant.label).value
            for variant in study.plan.methods
            if study.mean("payload_bytes", model, variant.label).value <= budget * 1e3
        ]
        assert study.mean("test_accuracy", model, label).value == max(fitting)


def test_the_smallest_of_those_that_lose_little_is_named(study: Study):
    table = build(study)
    for row in table.rows:
        data = row.data
        for what in ("untold", "close"):
            listed = data[f"{what}_names"].value
            names = [] if listed == "none" else listed.split("; ")
            assert len(names) == data[what].value
        assert (data["smallest"].value in names) == bool(names)
        if names:
            assert data["smallest_payload"].value <= data["budget"].value


def test_nothing_packed_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
