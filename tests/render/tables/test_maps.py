from __future__ import annotations

import numpy as np

from bench.analysis.study import Study
from bench.render.tables.maps import build


def test_every_pair_of_blocks(study: Study):
    table = build(study)
    assert table is not None
    assert table.size == 2 * 15 * 2 * 4 * 4
    own = [row.cells for row in table.rows if [c.value for c in row.cells[:3]] == ["resnet8", "finetune", "pooled"]]
    values = np.array([cells[5].value for cells in own]).reshape(4, 4)
    np.testing.assert_array_equal(values, study.insides["resnet8", "finetune", "pooled"].map)
    assert [own[1][3].value, own[1][4].value] == ["stage0", "stage1"]
