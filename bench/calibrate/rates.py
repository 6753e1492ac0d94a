"""The calibration table: nominal rates beside measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np

from bench.calibrate.scenario import Covers, Outcomes, Rejects, Scenario
from bench.statistics.intervals import wilson

# Nominal 95% may cover 92 to 98.5%, nominal 5% may reject up to 6.5%. No allowance is made for the simulation's own
# error, whose standard error is 1% at the usual 500 replications: with one, an interval that covers 90% would pass. Too
# much coverage is a fault as well, since it costs power.
LOWEST_COVERAGE, HIGHEST_COVERAGE = 0.92, 0.985
HIGHEST_ERROR_RATE = 0.065

Status = Literal["within", "covers too little", "covers too much", "rejects too often"]


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """The coverage of an interval or the error rate of a test, simulated: one line of the table.

    Attributes:
        what: interval or test, in words.
        scenario: its name, to choose it by.
        population: in words.
        kind: "coverage" of an interval, or "error rate" of a test whose null hypothesis holds.
        images, seeds: numbers in a sample; 0 if it has none.
        replications: samples simulated.
        nominal: the nominal rate.
        measured: the simulated rate.
        low, high: Wilson's 95% interval of `measured`: the simulation's own error.
        lowest, highest: bounds within which `measured` must lie.
        status: whether it does, without allowance for the simulation's error.
        undefined: share of replications without an interval, counted as not covering.
        warned: share of replications whose estimate carried a warning; 0 for tests.
        measured_unwarned: coverage over replications without a warning; None unless some had one and some had none.
    """

    what: str
    scenario: str
    population: str
    kind: Literal["coverage", "error rate"]
    images: int
    seeds: int
    replications: int
    nominal: float
    measured: float
    low: float
    high: float
    lowest: float
    highest: float
    status: Status
    undefined: float
    warned: float
    measured_unwarned: float | None

    @property
    def within(self) -> bool:
        """Whether the measured rate lies within its bounds."""
        return self.status == "within"

    def as_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)


def rate_from(data: dict[str, Any]) -> MeasuredRate:
    """A rate from the dictionary that `as_dict` made.

    Raises:
        TypeError, KeyError: `data` is no such dictionary.
    """
    return MeasuredRate(**{field.name: data[field.name] for field in fields(MeasuredRate)})


def rates_of(scenario: Scenario, outcomes: Sequence[Outcomes]) -> list[MeasuredRate]:
    """All rates of a scenario, from the outcomes of its replications."""
    return [_row(scenario, what, [outcome[what] for outcome in outcomes]) for what in outcomes[0]]


def _row(scenario: Scenario, what: str, outcomes: Sequence[Covers | Rejects]) -> MeasuredRate:
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


def _line(
    scenario: Scenario,
    what: str,
    kind: Literal["coverage", "error rate"],
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
