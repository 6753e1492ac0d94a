from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.holes import build


def test_a_whole_run_has_none(study: Study):
    assert build(study) is None


def test_failures_come_first_with_their_reason(study_of):
    states = {
        "compress/resnet8/0/float16": "refused",
        "train/resnet8/1": "failed",
        "compare/resnet8/2/float16": "missing",
    }
    table = build(study_of(states=states))
    assert [group.title for group in table.groups] == ["failed (1)", "refused (1)", "missing (1)"]
    assert [datum.value for datum in next(table.rows).data.values()] == [
        "train/resnet8/1",
        "failed",
        "FloatingPointError: the loss is not a number",
    ]
