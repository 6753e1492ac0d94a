from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from bench.calibrate.rates import rate_from, rates_of
from bench.calibrate.scenario import Averaged, Counted, Covers, Outcomes, Rejects, averaged, counted

NAN = float("nan")


def intervals(hits: int, misses: int, *, warned: bool = False) -> list[Outcomes]:
    inside: Outcomes = {"it": Covers(0.0, -1.0, 1.0, 0.0, warned=False)}
    outside: Outcomes = {"it": Covers(5.0, 4.0, 6.0, 0.0, warned=warned)}
    return [inside] * hits + [outside] * misses


@pytest.mark.parametrize(
    ("hits", "misses", "status"),
    [
        (950, 50, "within"),
        (920, 80, "within"),
        (919, 81, "covers too little"),
        (985, 15, "within"),
        (986, 14, "covers too much"),
    ],
)
def test_coverage_is_held_to_its_bounds_without_allowance(coins, hits, misses, status):
    (row,) = rates_of(coins(), intervals(hits, misses))
    assert row.status == status
    assert row.measured == hits / 1000
    assert row.low < row.measured < row.high
    assert row.within == (status == "within")


@pytest.mark.parametrize(("rejected", "status"), [(0, "within"), (65, "within"), (66, "rejects too often")])
def test_error_rates_are_held_to_theirs(coins, rejected, status):
    outcomes: list[Outcomes] = [{"it": Rejects(float(place < rejected))} for place in range(1000)]
    (row,) = rates_of(coins(), outcomes)
    assert (row.kind, row.nominal, row.highest, row.status) == ("error rate", 0.05, 0.065, status)


def test_shares_of_false_finds_are_averaged(coins):
    (row,) = rates_of(coins(), [{"it": Rejects(0.5)}, {"it": Rejects(0.0)}])
    assert row.measured == 0.25


def test_the_simulations_error_is_wilsons(coins):
    (row,) = rates_of(coins(), intervals(182, 81))
    assert (1 - row.high, 1 - row.low) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


def test_an_unknown_truth_is_the_mean_of_the_values(coins):
    values = np.array([3.0, 5.0, 6.0, 10.0])
    outcomes: list[Outcomes] = [{"it": Covers(v, v - 1.5, v + 1.5, NAN, False)} for v in values]
    (row,) = rates_of(coins(), outcomes)  # the mean is 6
    assert row.measured == 0.5


def test_an_interval_that_is_not_there_does_not_cover(coins):
    (row,) = rates_of(coins(), [{"it": Covers(0.0, NAN, NAN, 0.0, False)}, *intervals(3, 0)])
    assert (row.measured, row.undefined) == (0.75, 0.25)


def test_warnings_are_counted_and_coverage_without_them(coins):
    (row,) = rates_of(coins(), intervals(90, 10, warned=True))
    assert (row.warned, row.measured, row.measured_unwarned) == (0.1, 0.9, 1.0)
    (silent,) = rates_of(coins(), intervals(90, 10))
    assert silent.measured_unwarned is None


def test_a_row_survives_json(coins):
    (row,) = rates_of(coins(), intervals(9, 1))
    assert rate_from(json.loads(json.dumps(row.as_dict(), allow_nan=False))) == row


def promised(outcome, coins):
    (row,) = rates_of(coins(), [{"it": outcome}])
    return row


@pytest.mark.parametrize(
    ("hits", "status", "low", "high"),
    [
        (0, "kept", 0.0, 0.0362),
        (9, "kept", 0.0420, 0.1640),  # above the bound, but the interval reaches below it
        (13, "missed", 0.0711, 0.2120),
        (100, "missed", 0.9638, 1.0),
    ],
)
def test_a_promise_is_missed_where_the_interval_excludes_it(coins, hits, status, low, high):
    row = promised(Counted(hits, 100, 0.0, 0.05), coins)
    assert (row.kind, row.status, row.within) == ("promise", status, status == "kept")
    assert (row.low, row.high) == pytest.approx((low, high), abs=1e-4)  # Clopper and Pearson's
    assert (row.lowest, row.highest, row.nominal, row.replications) == (0.0, 0.05, 0.05, 100)


def test_shares_of_one_draw_count_as_one_trial(coins):
    outcomes = [{"it": counted(share, lowest=0.93)} for share in (1.0, 0.5)]
    (row,) = rates_of(coins(), outcomes)
    assert (row.measured, row.replications) == (0.75, 2)


def test_what_has_no_bounds_is_described(coins):
    row = promised(Counted(3, 10), coins)
    assert (row.status, row.lowest, row.highest, row.within) == ("described", None, None, True)
    assert promised(averaged([1.0, 2.0], unit="images"), coins).status == "described"


def test_what_never_came_up_is_undefined_and_can_be_written(coins):
    for outcome in (Counted(0, 0, 0.0, 0.05), Averaged(0, 0, 0, -1, 1, "points")):
        row = promised(outcome, coins)
        assert row.status == "undefined"
        assert rate_from(json.loads(json.dumps(row.as_dict(), allow_nan=False))) == row


def test_a_mean_has_the_t_interval_of_its_draws(coins):
    values = np.random.default_rng(0).normal(0.4, 1, 60)
    low, high = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    parts = [{"it": averaged(some, within=0.05, unit="points")} for some in (values[:10], values[10:])]
    (row,) = rates_of(coins(), parts)
    assert (row.measured, row.low, row.high) == pytest.approx((values.mean(), low, high))
    assert (row.status, row.unit, row.nominal) == ("missed", "points", 0.05)
    assert promised(averaged(values - 0.4, within=0.05, unit="points"), coins).status == "kept"


def test_outcomes_that_only_some_draws_have_are_rows_too(coins):
    rows = rates_of(coins(), [{"it": Counted(1, 1)}, {"it": Counted(0, 1), "other": Counted(1, 1)}])
    assert {row.what: row.replications for row in rows} == {"it": 2, "other": 1}


def test_a_promised_coverage_is_judged_with_the_simulations_error(coins):
    def row(hits: int):
        values = [0.0] * hits + [5.0] * (100 - hits)
        (found,) = rates_of(coins(), [{"it": Covers(v, v - 1, v + 1, 0.0, False, lowest=0.92)} for v in values])
        return found

    assert (row(90).kind, row(90).status, row(90).measured) == ("promise", "kept", 0.9)
    assert row(80).status == "missed"
