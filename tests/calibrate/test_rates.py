from __future__ import annotations

import json

import numpy as np
import pytest

from bench.calibrate.rates import rate_from, rates_of
from bench.calibrate.scenario import Covers, Outcomes, Rejects

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
