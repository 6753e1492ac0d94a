"""What `python -m bench calibrate` simulated beside a study's runs."""

from __future__ import annotations

from bench.analysis.study import Study, judgement
from bench.calibrate.rates import MeasuredRate
from bench.calibrate.run import kept


@judgement
def simulated(study: Study) -> list[MeasuredRate]:
    """One row per setting of an interval or test, as this version simulates them; empty if nothing was simulated."""
    folder = study.results.store.folder.parent / ".calibration"
    return kept(folder) if folder.is_dir() else []


def warned(row: MeasuredRate) -> bool:
    """Whether most of a row's estimates carried a warning."""
    return row.warned > 0.5
