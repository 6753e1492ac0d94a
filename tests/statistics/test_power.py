from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from bench.errors import InputError
from bench.statistics import power


def test_seeds_for_equivalence_at_the_usual_spreads():
    assert power.seeds_needed(sd=0.2, margin=0.3).seeds_for_equivalence == 6
    assert power.seeds_needed(sd=0.3, margin=0.3).seeds_for_equivalence == 11


@pytest.mark.parametrize("n", [2, 3, 6, 30])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0])
def test_paired_t_has_statsmodels_power(n, effect):
    assert power.t_power(n, 2.0, 2 * effect) == pytest.approx(TTestPower().power(effect, n, 0.05))


def test_large_effects_have_power_one_where_library_tails_are_not_numbers():
    assert power.t_power(6, 1.0, 5.0) == pytest.approx(1.0)
    assert power.tost_power(6, 1e-9, 0.3) == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "sd", "difference"), [(3, 0.2, 0.0), (6, 0.2, 0.1), (11, 0.3, 0.0), (4, 1.0, 0.0)])
def test_tost_power_is_what_simulation_finds(n, sd, difference):
    draws = np.random.default_rng(0).normal(difference, sd, (100_000, n))
    half = stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / np.sqrt(n)
    succeeded = np.abs(draws.mean(axis=1)) + half < 0.3
    assert power.tost_power(n, sd, 0.3, difference=difference) == pytest.approx(succeeded.mean(), abs=0.006)


def test_at_the_margin_tost_succeeds_as_often_as_alpha_allows():
    assert power.tost_power(50, 0.1, 0.3, difference=0.3) == pytest.approx(0.05, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 3), st.floats(0.05, 1), st.sampled_from([0.5, 0.8, 0.95]))
def test_the_number_of_seeds_is_the_fewest_that_do(sd, margin, wanted):
    seeds = power.seeds_for_equivalence(sd, margin, power=wanted)
    assert seeds is not None
    assert power.tost_power(seeds, sd, margin) >= wanted
    assert seeds == 2 or power.tost_power(seeds - 1, sd, margin) < wanted


def test_what_no_number_of_seeds_can_show():
    assert power.seeds_for_equivalence(0.2, 0.3, difference=0.3) is None
    assert power.seeds_for_difference(0.2, 0.0) is None
    assert power.seeds_for_equivalence(1000.0, 0.3) is None


def test_one_seed_has_no_power():
    assert power.t_power(1, 1.0, 5.0) == power.tost_power(1, 0.1, 5.0) == 0.0


def test_seeds_needed_in_sentences_and_as_data():
    needed = power.seeds_needed(sd=0.2, margin=0.3)
    assert "equivalence (TOST, true difference 0): 6 seeds" in needed.text
    assert "sign-flip test can reach alpha from 6 seeds on" in needed.text
    assert json.loads(json.dumps(needed.as_dict()))["seeds_for_difference"] == needed.seeds_for_difference
    assert "more than 100,000 seeds" in power.seeds_needed(sd=1000.0, margin=0.1).text


@pytest.mark.parametrize(
    "wrong", [{"sd": 0.0}, {"margin": -1.0}, {"alpha": 5.0}, {"power": 80.0}, {"sd": float("nan")}]
)
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        power.seeds_needed(**{"sd": 0.2, "margin": 0.3} | wrong)
