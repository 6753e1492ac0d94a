from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.cells import build


def test_every_planned_cell_with_all_it_measured(study: Study):
    table = build(study)
    assert table is not None
    assert table.size == len(study.results.cells)
    rows = {row["cell"]: row for row in table.frame.to_dict("records")}
    row = rows["compress/resnet8/0/float16"]
    assert row["test_accuracy"] == study.per_seed("test_accuracy", "resnet8", "float16")[0]
    assert row["churn"] is None
    assert rows["compare/resnet8/0/float16"]["churn"] == study.per_seed("churn", "resnet8", "float16")[0]
