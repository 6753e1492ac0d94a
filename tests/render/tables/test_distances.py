from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.distances import build
from tests.invented_inside import MEASURES


def test_a_row_for_every_network_convention_measure_and_block(study: Study):
    frame = build(study).frame
    assert len(frame) == 2 * 15 * 2 * len(MEASURES) * 4
    other = frame.query("variant == 'other-seed' and measure == 'rsa'")
    assert (other["distance"].astype(float) - 1).abs().max() < 1e-9
    assert set(frame.query("measure == 'cross-probe'")["unit"]) == {"points"}
