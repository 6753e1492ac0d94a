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
from bench.statistics.crossed import Components, components, crossed_mean
from bench.statistics.equivalence import assess_estimate


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


def parts_of(of_seeds: float, of_images: float, of_both: float, seeds: int, images: int) -> Components:
    """The components whose mean squares are those to be expected."""
    ms_seeds, ms_images = images * of_seeds + of_both, seeds * of_images + of_both
    variance = (ms_seeds + ms_images - of_both) / (seeds * images)
    return Components(ms_seeds, ms_images, of_both, seeds, images, variance, 2.0 * (seeds - 1))


def test_images_without_end_leave_the_paired_t_of_seeds():
    parts = parts_of(0.2**2, 0.0, 0.0, 6, 1000)
    found = power.crossed_needed(parts, 0.3)
    assert found.seeds == power.seeds_for_equivalence(0.2, 0.3) == 6
    assert found.text == "6 seeds"
    assert found.present_power == pytest.approx(power.tost_power(6, 0.2, 0.3))


def test_where_images_are_scarce_no_number_of_seeds_is_enough():
    """Power 0.8 without end of seeds: 2Φ(m/σ - z₀.₉₅) - 1 = 0.8 where m/σ = 1.645 + 1.282, so n = σ²_I·(2.926/m)²."""
    found = power.crossed_needed(parts_of(1e-8, 0.02, 0.01, 6, 599), 0.005)
    at_least = 0.02 * ((stats.norm.isf(0.05) + stats.norm.isf(0.1)) / 0.005) ** 2
    assert found.seeds is None
    assert found.images_at_least == pytest.approx(at_least, abs=1)
    assert found.images is not None
    assert found.images > found.images_at_least
    assert found.text == f"no number of seeds; n ≥ {found.images:,} test images"


def test_where_trainings_scatter_too_images_alone_do_not_help():
    found = power.crossed_needed(parts_of(0.02**2, 0.02, 0.01, 6, 599), 0.005)
    assert (found.seeds, found.images) == (None, None)
    assert found.text.endswith("test images, and more seeds")


def test_seeds_at_which_words_are_withheld_have_no_power():
    parts = parts_of(1e-9, 1e-9, 1e-9, 5, 10_000)
    assert power.crossed_tost_power(parts, 0.005, seeds=5, images=10_000) == 0
    assert power.crossed_tost_power(parts, 0.005, seeds=6, images=10_000) == pytest.approx(1)
    assert power.crossed_needed(parts, 0.005).seeds == 6


def test_a_family_needs_more_than_a_single_test():
    parts = parts_of(1e-5, 0.002, 0.01, 6, 5000)
    alone, of_many = (power.crossed_needed(parts, 0.005, tests=tests) for tests in (1, 36))
    assert alone.seeds is not None
    assert alone.present_power > of_many.present_power
    assert of_many.images is None or of_many.images > 5000


def test_tables_without_any_spread_or_without_a_variance():
    assert power.crossed_needed(parts_of(0.0, 0.0, 0.0, 6, 599), 0.005).seeds == 6
    none = power.crossed_needed(components([[1, 0, 1]]), 0.005)
    assert (none.seeds, none.images, none.present_power) == (None, None, 0)
    assert none.text == "no number of seeds or test images"


def test_the_power_is_how_often_equivalence_is_found():
    rng = np.random.default_rng(0)
    of_seeds, of_images, of_both = 0.005, 0.04, 0.1
    found = []
    for _ in range(1000):
        table = rng.normal(0, of_seeds, (6, 1)) + rng.normal(0, of_images, 400) + rng.normal(0, of_both, (6, 400))
        found.append(assess_estimate(crossed_mean(table), 0.01).p_equivalent <= 0.05)
    expected = power.crossed_tost_power(
        parts_of(of_seeds**2, of_images**2, of_both**2, 6, 400), 0.01, seeds=6, images=400
    )
    assert 0.5 < expected < 0.9
    assert np.mean(found) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("sd", [1e150, 1e300])
def test_spreads_beyond_any_margin_have_no_power(sd):
    assert power.tost_power(6, sd, 0.3) == 0
