from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.recipes import build


def test_two_rows_a_model(study: Study):
    rows = [[datum.value for datum in row.data.values()] for row in build(study).rows]
    assert rows[:2] == [["resnet8", "training", "batch size 128, epochs 20"], ["resnet8", "fine-tuning", "epochs 5"]]
    assert len(rows) == 4
