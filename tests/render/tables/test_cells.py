from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.cells import build


def test_every_planned_cell_with_its_state(study: Study):
    table = build(study)
    assert table is not None
    assert table.size == len(study.results.cells)
    rows = {row["cell"]: row for row in table.frame.to_dict("records")}
    row = rows["compress/resnet8/0/float16"]
    assert (row["kind"], row["model"], row["seed"], row["variant"]) == ("compress", "resnet8", 0, "float16")
    assert row["state"] == "done"
    recorded = study.results.provenance.set_index("name").loc["compress/resnet8/0/float16"]
    assert row["wall"] == recorded["wall_seconds"]


def test_a_cell_without_a_result_says_why(study_of):
    table = build(study_of(seeds=(0,), states={"compress/resnet8/0/float16": "refused"}))
    assert table is not None
    rows = {row["cell"]: row for row in table.frame.to_dict("records")}
    assert rows["compress/resnet8/0/float16"]["state"] == "refused" and rows["compress/resnet8/0/float16"]["reason"]
