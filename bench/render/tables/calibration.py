"""Do the intervals cover and the tests keep their level? What `python -m bench calibrate` simulated beside the runs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.calibration import simulated, warned
from bench.analysis.study import Study
from bench.calibrate.rates import HIGHEST_COVERAGE, HIGHEST_ERROR_RATE, LOWEST_COVERAGE, MeasuredRate
from bench.render.kit.table import Column, Datum, Group, Table, number
from bench.render.kit.table import Row as Line
from bench.render.text import captions

WHAT = Column("what", "Interval or test", "text", "What was simulated.")
OVERALL = (
    WHAT,
    Column("settings", "Settings", "number", "Populations and sizes that were simulated."),
    Column("within", "Within", "number", "Settings whose measured rate is within the bounds."),
    Column("least", "Least", "number", "Smallest measured rate.", "%", 1),
    Column("most", "Most", "number", "Largest measured rate.", "%", 1),
    Column("unwarned", "Unwarned", "number", "Settings outside the bounds in which most estimates carry no warning."),
)
SINGLE = (
    WHAT,
    Column("population", "Population", "text", "What was drawn from."),
    Column("images", "Images", "number", "In a sample.", "n"),
    Column("seeds", "Seeds", "number", "In a sample.", "S"),
    Column(
        "measured", "Measured", "estimate", "Rate, with Wilson's 95% interval of the simulation.", "%", 1, ends=True
    ),
    Column("status", "Status", "text", "Against the bounds, without allowance for the simulation's error."),
    Column("warned", "Warned", "number", "Replications whose estimate carried a warning.", "%", 0),
    Column("measured_unwarned", "Without", "number", "Coverage where no warning was given.", "%", 1),
)
EVERYTHING = (
    *SINGLE,
    Column("kind", "Kind", "text", "Coverage of an interval, or error rate of a test whose null hypothesis holds."),
    Column("nominal", "Promised", "number", "The nominal rate.", "%", 0),
    Column("replications", "Replications", "number", "Samples simulated."),
    Column("scenario", "Scenario", "code", "Name, to choose it by."),
)
KINDS = {"coverage": "Coverage of nominal 95% intervals", "error rate": "Error rate of nominal 5% tests"}


def build(study: Study) -> list[Table]:
    """By interval or test; those settings that miss; and all for the data files. None where nothing was simulated."""
    rows = simulated(study)
    if not rows:
        return []
    return [_overall(study, rows), *_missing(study, rows), _everything(study, rows)]


def _overall(study: Study, rows: Sequence[MeasuredRate]) -> Table:
    return Table(
        "calibration",
        "Do the intervals cover, and do the tests keep their level?",
        captions.joined(
            "Simulated populations with a known value, at several sizes; what each setting draws from is in the data. "
            "Settings: how many; least and most: the measured rates among them.",
            _bounds(),
            _replications(rows),
            "Unwarned: settings that miss and in which most estimates carry no warning; tests carry none.",
            captions.version(study),
        ),
        OVERALL,
        tuple(
            Group(title, tuple(_summary(what, rows, kind) for what in _whats(rows, kind)))
            for kind, title in KINDS.items()
            if _whats(rows, kind)
        ),
    )


def _whats(rows: Sequence[MeasuredRate], kind: str) -> list[str]:
    return list(dict.fromkeys(row.what for row in rows if row.kind == kind))


def _summary(what: str, rows: Sequence[MeasuredRate], kind: str) -> Line:
    own = [row for row in rows if row.what == what and row.kind == kind]
    rates = [row.measured for row in own]
    return Line(
        (
            Datum(what),
            Datum(len(own)),
            Datum(sum(row.within for row in own)),
            Datum(100 * min(rates)),
            Datum(100 * max(rates)),
            Datum(sum(not row.within and not warned(row) for row in own)) if kind == "coverage" else Datum(hole="–"),
        )
    )


def _missing(study: Study, rows: Sequence[MeasuredRate]) -> list[Table]:
    groups = tuple(
        Group(title, tuple(_line(row) for row in rows if row.kind == kind and not row.within))
        for kind, title in KINDS.items()
    )
    groups = tuple(group for group in groups if group.rows)
    if not groups:
        return []
    text = captions.joined(
        "Settings whose measured rate is outside the bounds.",
        _bounds(),
        _replications(rows),
        "Warned: estimates that carry a warning, as they do in this report; without: coverage of the others.",
        captions.version(study),
    )
    return [Table("calibration-misses", "Where they do not", text, SINGLE, groups)]


def _everything(study: Study, rows: Sequence[MeasuredRate]) -> Table:
    return Table(
        "calibration-settings",
        "Every simulated setting",
        captions.joined("One row an interval or test and setting.", captions.version(study)),
        EVERYTHING,
        (Group("", tuple(_line(row, everything=True) for row in rows)),),
        raw=True,
    )


def _line(row: MeasuredRate, *, everything: bool = False) -> Line:
    cells = (
        Datum(row.what),
        Datum(row.population),
        Datum(row.images) if row.images else Datum(hole="–"),
        Datum(row.seeds) if row.seeds else Datum(hole="–"),
        Datum(100 * row.measured, 100 * row.low, 100 * row.high),
        Datum(row.status),
        Datum(100 * row.warned),
        number(None if row.measured_unwarned is None else 100 * row.measured_unwarned, hole="–"),
    )
    more = (Datum(row.kind), Datum(100 * row.nominal), Datum(row.replications), Datum(row.scenario))
    return Line(cells + more if everything else cells)


def _bounds() -> str:
    return (
        f"Bounds: nominal 95% between {100 * LOWEST_COVERAGE:g} and {100 * HIGHEST_COVERAGE:g}, nominal 5% at most "
        f"{100 * HIGHEST_ERROR_RATE:g}, without allowance for the simulation's own error."
    )


def _replications(rows: Sequence[MeasuredRate]) -> str:
    least, most = min(row.replications for row in rows), max(row.replications for row in rows)
    return f"{least} samples a setting." if least == most else f"{least} to {most:,} samples a setting."
