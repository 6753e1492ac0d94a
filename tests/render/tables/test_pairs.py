from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.study import Study
from bench.render.tables.pairs import build


def rows(study: Study) -> dict[tuple[str, str, str], dict]:
    table = build(study)
    assert table is not None
    return {(row["model"], row["variant"], row["other"]): row for row in table.frame.to_dict("records")}


def test_every_pair_is_the_study_s_own_difference(study: Study):
    found = rows(study)
    labels = [variant.label for variant in study.plan.variants]
    assert len(found) == len(study.models) * len(labels) * (len(labels) - 1) // 2
    for model, a, b in [("resnet8", "float16", "nncf-int8-ptq"), ("resnet8", "original", "finetune")]:
        row, own = found[model, a, b], study.difference(study.primary.test, model, a, b).scaled(100)
        assert row["a_less_b"] == pytest.approx(own.value) and row["seeds"] == study.seeds
        ends = [np.nan if row[f"a_less_b_{end}"] is None else row[f"a_less_b_{end}"] for end in ("low", "high")]
        assert ends == pytest.approx([own.low, own.high], nan_ok=True)
        levels = [study.per_seed("test_accuracy", model, label) for label in (a, b)]
        assert row["lowest"] == pytest.approx(100 * (levels[0] - levels[1]).min())
        assert row["highest"] == pytest.approx(100 * (levels[0] - levels[1]).max())
        tables = [study.table(model, label) for label in (a, b)]
        alone = [int((one > other).sum()) / study.seeds for one, other in (tables, tables[::-1])]
        assert [row["only_a"], row["only_b"]] == pytest.approx(alone)


def test_a_seed_without_one_of_the_two_is_left_out(study_of):
    found = rows(study_of(seeds=(0, 1, 2), states={"compress/resnet8/1/float16": "failed"}))
    assert found["resnet8", "float16", "nncf-int8-ptq"]["seeds"] == 2
    assert found["resnet8", "original", "nncf-int8-ptq"]["seeds"] == 3


def test_nothing_done_is_no_table(study_of, runs):
    names = [cell.name for cell in runs().cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None


def test_its_unit_is_the_task_s(study: Study):
    table = build(study)
    assert table is not None and table.fields["a_less_b"].unit == "points"
    assert {"model", "variant", "other"} == {name for name, field in table.fields.items() if field.identifies}
