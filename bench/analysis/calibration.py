"""Whether intervals cover and tests keep their level: what `python -m bench calibrate` simulated beside the runs."""

from __future__ import annotations

from bench.analysis.study import Study, judgement
from bench.calibrate.rates import MeasuredRate


@judgement
def simulated(study: Study) -> list[MeasuredRate]:
    """One row per setting of an interval or test, as this version simulates them; empty if nothing was simulated."""
    folder = study.results.store.folder.parent / ".calibration"
    if not folder.is_dir():
        return []
    from bench.calibrate.run import kept  # late: it imports every measure that is simulated

    return kept(folder)


def warned(row: MeasuredRate) -> bool:
    """Whether most of a row's estimates carried a warning."""
    return row.warned > 0.5
