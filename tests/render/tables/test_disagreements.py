from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.disagreements import build
from tests import invented


def test_measures_that_move_alike_disagree_nowhere(study: Study):
    rows = list(build(study).rows) if build(study) else []
    assert not [row for row in rows if row["same"].value and row["changed"].value]


def test_what_one_measure_calls_the_same_and_another_changed_is_named(monkeypatch, study_of):
    given = invented.invented_inside.similarity

    def similarity(model, seed, label, *size):
        arrays = given(model, seed, label, *size)
        if label == "nncf-int8-ptq":
            arrays["pooled/knn-jaccard/value"] = arrays["pooled/knn-jaccard/value"] - 0.3
        return arrays

    monkeypatch.setattr(invented.invented_inside, "similarity", similarity)
    (row,) = [row for row in build(study_of()).rows if row["variant"].value == "nncf-int8-ptq"]
    assert row["changed"].value == "k-NN Jaccard"
    assert "CKA" in row["same"].value and "RSA" in row["same"].value
    assert row["farthest"].value.startswith("k-NN Jaccard 2.")
