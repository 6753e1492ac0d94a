from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.tables.storage import build


def test_shares_of_a_variant_add_up(study: Study):
    table = build(study)
    assert table is not None
    own = [row for row in table.rows if [row[key].value for key in ("model", "variant")] == ["resnet8", "float16"]]
    assert sum(row["share"].value for row in own) == pytest.approx(100)
    assert [row["shape"].value for row in own] == ["16×16×3×3"] * 4


def test_nothing_packed_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compress"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) is None
