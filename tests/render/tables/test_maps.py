from __future__ import annotations

import numpy as np

from bench.analysis.distances import compared
from bench.analysis.study import Study
from bench.render.tables.maps import build


def test_every_pair_of_blocks(study: Study):
    table = build(study)
    assert table is not None
    assert table.size == 2 * 15 * 2 * 4 * 4
    frame = table.frame.query("model == 'resnet8' and variant == 'finetune' and feature == 'pooled'")
    values = frame["value"].to_numpy(dtype=float).reshape(4, 4)
    np.testing.assert_array_equal(values, compared(study)["resnet8", "finetune"].maps["pooled", "debiased-cka"][1])
    assert frame[["original_block", "block"]].iloc[1].tolist() == ["stage0", "stage1"]
