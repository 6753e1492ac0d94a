"""The calibration table: nominal rates beside measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import reduce
from operator import add
from typing import Any, Literal

import numpy as np
from scipy import special

from bench.calibrate.scenario import Averaged, Counted, Covers, Outcome, Outcomes, Rejects, Scenario
from bench.statistics.intervals import wilson

# Nominal 95% may cover 92 to 98.5%, nominal 5% may reject up to 6.5%. No allowance is made for the simulation's own
# error, whose standard error is 1% at the usual 500 replications: with one, an interval that covers 90% would pass. Too
# much coverage is a fault as well, since it costs power.
LOWEST_COVERAGE, HIGHEST_COVERAGE = 0.92, 0.985
HIGHEST_ERROR_RATE = 0.065

Status = Literal[
    "within", "covers too little", "covers too much", "rejects too often", "kept", "missed", "described", "undefined"
]
Kind = Literal["coverage", "error rate", "promise"]
RATE = "share"  # the unit of rates between 0 and 1


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """The coverage of an interval or the error rate of a test, simulated: one line of the table.

    Attributes:
        what: interval or test, in words.
        scenario: its name, to choose it by.
        population: in words.
        kind: "coverage" of an interval, "error rate" of a test whose null hypothesis holds, or "promise" of a report.
        images, seeds: numbers in a sample; 0 if it has none.
        replications: samples simulated.
        nominal: the nominal rate; of a promise its upper bound, or the lower one of what has no other.
        measured: the simulated rate, or mean.
        low, high: its 95% interval, the simulation's own error: Wilson's, of a promise Clopper and Pearson's, of a
            mean t.
        lowest, highest: bounds within which `measured` must lie; None on a side without one.
        status: whether it does, without allowance for the simulation's error; a promise is missed where the interval
            excludes it.
        undefined: share of replications without an interval, counted as not covering.
        warned: share of replications whose estimate carried a warning; 0 for tests.
        measured_unwarned: coverage over replications without a warning; None unless some had one and some had none.
    """

    what: str
    scenario: str
    population: str
    kind: Kind
    images: int
    seeds: int
    replications: int
    nominal: float
    measured: float
    low: float
    high: float
    lowest: float | None
    highest: float | None
    status: Status
    undefined: float
    warned: float
    measured_unwarned: float | None
    unit: str = RATE

    @property
    def within(self) -> bool:
        """Whether the measured rate lies within its bounds, or there are none."""
        return self.status in ("within", "kept", "described", "undefined")

    def as_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)


def rate_from(data: dict[str, Any]) -> MeasuredRate:
    """A rate from the dictionary that `as_dict` made.

    Raises:
        TypeError, KeyError: `data` is no such dictionary.
    """
    return MeasuredRate(**{field.name: data[field.name] for field in fields(MeasuredRate) if field.name in data})


def rates_of(scenario: Scenario, outcomes: Sequence[Outcomes]) -> list[MeasuredRate]:
    """All rates of a scenario, from the outcomes of its replications."""
    names = dict.fromkeys(name for outcome in outcomes for name in outcome)
    return [_row(scenario, what, [outcome[what] for outcome in outcomes if what in outcome]) for what in names]


def _row(scenario: Scenario, what: str, outcomes: Sequence[Outcome]) -> MeasuredRate:
    counts = [outcome for outcome in outcomes if isinstance(outcome, Counted)]
    if counts:
        return _counted(scenario, what, reduce(add, counts))
    numbers = [outcome for outcome in outcomes if isinstance(outcome, Averaged)]
    if numbers:
        return _averaged(scenario, what, reduce(add, numbers))
    intervals = [outcome for outcome in outcomes if isinstance(outcome, Covers)]
    if intervals:
        return _coverage(scenario, what, intervals)
    shares = np.array([outcome.share for outcome in outcomes if isinstance(outcome, Rejects)])
    return _line(scenario, what, "error rate", shares, status=_error_status(float(shares.mean())))


def _coverage(scenario: Scenario, what: str, intervals: Sequence[Covers]) -> MeasuredRate:
    values, lows, highs, truths = (
        np.array([getattr(interval, name) for interval in intervals]) for name in ("value", "low", "high", "truth")
    )
    # Measures that depend on n have no population value that an interval at this n should cover: what it covers is the
    # expectation at this n, which is the mean over replications. Its error is that of one interval over √replications
    # and does not show. An undefined interval compares as False: it counts as not covering.
    truths = np.where(np.isnan(truths), np.nanmean(values), truths)
    hits = (lows <= truths) & (truths <= highs)
    if np.isfinite(intervals[0].lowest):
        return _counted(scenario, what, Counted(float(hits.sum()), len(hits), intervals[0].lowest, 1.0))
    warned = np.array([interval.warned for interval in intervals])
    return _line(
        scenario,
        what,
        "coverage",
        hits.astype(float),
        status=_coverage_status(float(hits.mean())),
        undefined=float(np.isnan(lows).mean()),
        warned=float(warned.mean()),
        measured_unwarned=float(hits[~warned].mean()) if warned.any() and not warned.all() else None,
    )


def _counted(scenario: Scenario, what: str, count: Counted) -> MeasuredRate:
    rate = count.hits / count.trials if count.trials else float("nan")
    low, high = _clopper_pearson(count.hits, count.trials)
    judged = (count.lowest, count.highest) != (0.0, 1.0)
    return _promise(scenario, what, rate, low, high, (count.lowest, count.highest), judged, count.trials, RATE)


def _averaged(scenario: Scenario, what: str, numbers: Averaged) -> MeasuredRate:
    draws = numbers.draws
    mean = numbers.total / draws if draws else float("nan")
    spread = max(numbers.squares - draws * mean**2, 0.0) / max(draws - 1, 1)
    half = float(special.stdtrit(draws - 1, 0.975)) * (spread / draws) ** 0.5 if draws > 1 else float("nan")
    bounds, judged = (numbers.lowest, numbers.highest), np.isfinite(numbers.lowest)
    return _promise(scenario, what, mean, mean - half, mean + half, bounds, bool(judged), draws, numbers.unit)


def _promise(
    scenario: Scenario,
    what: str,
    measured: float,
    low: float,
    high: float,
    bounds: tuple[float, float],
    judged: bool,
    draws: int,
    unit: str,
) -> MeasuredRate:
    lowest, highest = bounds
    status: Status = "described"
    if not np.isfinite(measured):
        measured = low = high = 0.0
        status = "undefined"
    elif judged:
        status = "missed" if high < lowest or low > highest else "kept"
    return MeasuredRate(
        what=what,
        scenario=scenario.name,
        population=scenario.population,
        kind="promise",
        images=scenario.images,
        seeds=scenario.seeds,
        replications=draws,
        nominal=(lowest if (highest, unit) == (1.0, RATE) else highest) if judged else measured,
        measured=measured,
        low=low if np.isfinite(low) else measured,
        high=high if np.isfinite(high) else measured,
        lowest=lowest if judged else None,
        highest=highest if judged else None,
        status=status,
        undefined=0.0,
        warned=0.0,
        measured_unwarned=None,
        unit=unit,
    )


# Clopper and Pearson's interval from quantiles of the beta distribution, which also takes shares: a sum of shares, each
# between 0 and 1, varies less than a count of the same mean, so that the interval is then wider than it need be.
def _clopper_pearson(hits: float, trials: int) -> tuple[float, float]:
    if not trials:
        return float("nan"), float("nan")
    low = float(special.betaincinv(hits, trials - hits + 1, 0.025)) if hits > 0 else 0.0
    high = float(special.betaincinv(hits + 1, trials - hits, 0.975)) if hits < trials else 1.0
    return low, high


def _line(
    scenario: Scenario,
    what: str,
    kind: Kind,
    shares: np.ndarray,
    *,
    status: Status,
    undefined: float = 0.0,
    warned: float = 0.0,
    measured_unwarned: float | None = None,
) -> MeasuredRate:
    # Wilson's interval takes a share for a count of whole successes. A share of false finds lies between 0 and 1 in one
    # replication and so varies less than a coin of that mean: the interval is then wider than it need be, never
    # narrower.
    low, high = wilson(float(shares.mean()) * len(shares), len(shares))
    coverage = kind == "coverage"
    return MeasuredRate(
        what=what,
        scenario=scenario.name,
        population=scenario.population,
        kind=kind,
        images=scenario.images,
        seeds=scenario.seeds,
        replications=len(shares),
        nominal=0.95 if coverage else 0.05,
        measured=float(shares.mean()),
        low=low,
        high=high,
        lowest=LOWEST_COVERAGE if coverage else 0.0,
        highest=HIGHEST_COVERAGE if coverage else HIGHEST_ERROR_RATE,
        status=status,
        undefined=undefined,
        warned=warned,
        measured_unwarned=measured_unwarned,
    )


def _coverage_status(measured: float) -> Status:
    if measured < LOWEST_COVERAGE:
        return "covers too little"
    return "within" if measured <= HIGHEST_COVERAGE else "covers too much"


def _error_status(measured: float) -> Status:
    return "within" if measured <= HIGHEST_ERROR_RATE else "rejects too often"
