from __future__ import annotations

from bench.analysis.provenance import distinct


def test_cells_that_differ_show_all_values(study_of):
    def alter(cell, provenance):
        if cell.seed:
            provenance["processor"] = "Another CPU"

    assert distinct(study_of(seeds=(0, 1), alter=alter), "processor") == "Another CPU; Example CPU @ 2.0 GHz"
    assert distinct(study_of(seeds=(0, 1)), "no such field") == "not recorded"
