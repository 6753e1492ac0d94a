from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.tables.similarity import build


def test_both_conventions_are_there_with_their_distance(study: Study):
    table = build(study)
    assert [column.head for column in table.columns[3:]] == [
        "CKA (pooled)",
        "Seed-equivalents (pooled)",
        "CKA (flattened)",
        "Seed-equivalents (flattened)",
    ]
    (row,) = [row for row in table.rows if [row[key].value for key in ("model", "variant")] == ["resnet8", "finetune"]]
    overall = study.insides["resnet8", "finetune", "pooled"].overall()
    assert (row["cka_pooled"].value, row["cka_pooled"].low) == (overall.value, overall.low)
    other = study.insides["resnet8", "other-seed", "pooled"].overall()
    assert row["seed_equivalents_pooled"].value == pytest.approx((1 - overall.value) / (1 - other.value))


def test_the_original_is_not_compared_with_itself(study: Study):
    assert "original" not in {row["variant"].value for row in build(study).rows}
