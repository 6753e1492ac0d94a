"""What `python -m bench calibrate` simulated beside a study's runs."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.study import Study, judgement
from bench.calibrate.rates import MeasuredRate
from bench.calibrate.run import finished, kept


@judgement
def simulated(study: Study) -> list[MeasuredRate]:
    """One row per setting of an interval or test, as this version simulates them; empty if nothing was simulated."""
    folder = _folder(study)
    return kept(folder) if folder.is_dir() else []


def last_run(study: Study) -> str:
    """Size and date of the last whole run, e.g. "size default, 2025-03-01"; "in part" if none came to its end."""
    done = finished(_folder(study))
    return f"size {done.size}, {done.date}" if done else "in part"


def in_short(study: Study) -> str:
    """Whether the report's promises were measured: a sentence for its first screen."""
    rows = simulated(study)
    if not rows:
        return "How often its intervals hold and its words are false was not simulated."
    missed = sum(not row.within for row in rows)
    return f"Its statistics were simulated ({last_run(study)}): {missed or 'none'} of {len(rows):,} promises missed."


def _folder(study: Study) -> Path:
    return study.results.store.folder.parent / ".calibration"


def warned(row: MeasuredRate) -> bool:
    """Whether most of a row's estimates carried a warning."""
    return row.warned > 0.5
