from __future__ import annotations

from bench.analysis.study import Study
from bench.calibrate.beside import simulated


def test_nothing_is_read_where_nothing_was_simulated(study: Study):
    assert simulated(Study(study.results)) == []
