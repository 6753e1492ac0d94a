"""Do the intervals cover and the tests keep their level? What `python -m bench calibrate` simulated beside the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.study import Study
from bench.calibrate.beside import simulated, warned
from bench.calibrate.rates import HIGHEST_COVERAGE, HIGHEST_ERROR_RATE, LOWEST_COVERAGE, RATE, MeasuredRate
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions

KINDS = {"coverage": "Coverage of nominal 95% intervals", "error rate": "Error rate of nominal 5% tests"}


@dataclass(frozen=True)
class Simulated:
    """An interval or test in all settings in which it was simulated."""

    what: str
    settings: Sequence[MeasuredRate]

    @property
    def unwarned(self) -> int | None:
        """Settings of an interval that miss without a warning; None for a test, which carries none."""
        if any(rate.kind != "coverage" for rate in self.settings):
            return None
        return sum(not rate.within and not warned(rate) for rate in self.settings)


def _with_interval(rate: MeasuredRate) -> Datum:
    size = _size(rate)
    return Datum(size * rate.measured, size * rate.low, size * rate.high)


def _size(rate: MeasuredRate) -> float:
    """From a rate to percent; a mean has a unit of its own."""
    return 100 if rate.unit == RATE else 1


OVERALL: tuple[Column[Simulated], ...] = (
    Column("what", "Interval or test", "text", "What was simulated.", lambda test: test.what),
    Column("settings", "Settings", "number", "Populations and sizes that were simulated.",
           lambda test: len(test.settings)),
    Column("within", "Within", "number", "Settings whose measured rate is within the bounds.",
           lambda test: sum(rate.within for rate in test.settings)),
    Column("least", "Least", "number", "Smallest measured rate.",
           lambda test: min(rate.measured for rate in test.settings), "%", 1, scale=100),
    Column("most", "Most", "number", "Largest measured rate.",
           lambda test: max(rate.measured for rate in test.settings), "%", 1, scale=100),
    Column("unwarned", "Unwarned", "number", "Settings outside the bounds in which most estimates carry no warning.",
           lambda test: test.unwarned),
)  # fmt: skip
SINGLE: tuple[Column[MeasuredRate], ...] = (
    Column("what", "Interval or test", "text", "What was simulated.", lambda rate: rate.what),
    Column("population", "Population", "text", "What was drawn from.", lambda rate: rate.population),
    Column("images", "Images", "number", "In a sample.", lambda rate: rate.images or None, "n"),
    Column("seeds", "Seeds", "number", "In a sample.", lambda rate: rate.seeds or None, "S"),
    Column("measured", "Measured", "estimate", "Rate, with Wilson's 95% interval of the simulation.",
           _with_interval, "%", 1,
           ends=True),
    Column("status", "Status", "text", "Against the bounds, without allowance for the simulation's error.",
           lambda rate: rate.status),
    Column("warned", "Warned", "number", "Replications whose estimate carried a warning.",
           lambda rate: rate.warned, "%", 0, scale=100),
    Column("measured_unwarned", "Without", "number", "Coverage where no warning was given.",
           lambda rate: rate.measured_unwarned, "%", 1, scale=100),
)  # fmt: skip
EVERYTHING: tuple[Column[MeasuredRate], ...] = (
    *SINGLE,
    Column("kind", "Kind", "text", "Coverage of an interval, error rate of a test whose null hypothesis holds, or "
           "promise of a report.", lambda rate: rate.kind),
    Column("nominal", "Promised", "number", "The nominal rate; of a promise its bound.",
           lambda rate: _size(rate) * rate.nominal, "%"),
    Column("unit", "Unit", "text", "Of means, which are no rates and not in percent.",
           lambda rate: "" if rate.unit == RATE else rate.unit),
    Column("replications", "Replications", "number", "Samples simulated.", lambda rate: rate.replications),
    Column("scenario", "Scenario", "code", "Name, to choose it by.", lambda rate: rate.scenario),
)  # fmt: skip


def build(study: Study) -> list[Table]:
    """One table by interval or test, one of the settings that miss, one of all settings for the data files; or none."""
    everything = simulated(study)
    if not everything:
        return []
    rates = [rate for rate in everything if rate.kind in KINDS]  # what a report promises has a table of its own
    tables = (_overall(study, rates), _misses(study, rates), _everything(study, everything))
    return [table for table in tables if table is not None]


def _overall(study: Study, rates: Sequence[MeasuredRate]) -> Table | None:
    settings: dict[str, dict[str, list[MeasuredRate]]] = {kind: {} for kind in KINDS}
    for rate in rates:
        settings[rate.kind].setdefault(rate.what, []).append(rate)
    return tabulate(
        "calibration",
        "Do the intervals cover, and do the tests keep their level?",
        "How often intervals hold the truth, and how often tests raise a false alarm, in simulated populations.",
        OVERALL,
        {KINDS[kind]: [Simulated(*tested) for tested in by_what.items()] for kind, by_what in settings.items()},
        details=captions.joined(
            "Each population has a known value; what each setting draws from is in the data. Settings: how many. Least "
            "and most: the measured rates among them.",
            _bounds(),
            _replications(rates),
            "Unwarned: settings that miss and in which most estimates carry no warning. Tests carry none.",
        ),
    )


def _misses(study: Study, rates: Sequence[MeasuredRate]) -> Table | None:
    text = "Settings whose measured rate is outside the bounds."
    details = captions.joined(
        _bounds(),
        _replications(rates),
        "Warned: estimates that carry a warning, as they do in this report. Without: coverage of the others.",
    )
    missed = [rate for rate in rates if not rate.within]
    groups = {title: [rate for rate in missed if rate.kind == kind] for kind, title in KINDS.items()}
    return tabulate("calibration-misses", "Where they do not", text, SINGLE, groups, details=details)


def _everything(study: Study, rates: Sequence[MeasuredRate]) -> Table | None:
    text = "One row per interval or test and setting."
    return tabulate("calibration-settings", "Every simulated setting", text, EVERYTHING, {"": rates}, raw=True)


def _bounds() -> str:
    return (
        f"Bounds: nominal 95% between {100 * LOWEST_COVERAGE:g} and {100 * HIGHEST_COVERAGE:g}, nominal 5% at most "
        f"{100 * HIGHEST_ERROR_RATE:g}. The simulation's own error gets no allowance."
    )


def _replications(rates: Sequence[MeasuredRate]) -> str:
    if not rates:
        return ""
    least, most = min(rate.replications for rate in rates), max(rate.replications for rate in rates)
    return f"{least} samples per setting." if least == most else f"{least} to {most:,} samples per setting."
