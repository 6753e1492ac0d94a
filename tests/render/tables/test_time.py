from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.tables.time import build


def test_time_is_summed_by_kind_of_cell(study: Study):
    rows = {row["kind"].value: [datum.value for datum in row.data.values()][1:] for row in build(study).rows}
    assert rows["train"] == pytest.approx([12, 12 * 4.2, 12 * 4.2 * 0.9, 4.2, 4.2, 812])
    assert rows["compare"][0] == 180


def test_nothing_ran_is_said(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))).size == 0
