"""Every family of scenarios on a few replications: what each measures, and that it can find fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import registry
from bench.calibrate.rates import rates_of
from bench.calibrate.run import PACKAGE, chosen_scenarios, simulate
from bench.calibrate.scenarios import (
    half_samples,
    jackknife,
    methods,
    multiplicity,
    outputs,
    paired_tests,
    seed_equivalents,
    seeds_and_images,
)
from bench.similarity.catalog import measure
from bench.statistics import intervals

FAMILIES = registry.names(PACKAGE)


def by_what(scenario, replications: int, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    return {row.what: row for row in rates_of(scenario, [scenario.replicate(rng) for _ in range(replications)])}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_gives_rows_with_all_that_a_table_needs(family):
    scenario = chosen_scenarios(f"{family}/*")[-1]
    rows = simulate(scenario, 2)
    assert rows
    for row in rows:
        assert row.scenario.startswith(f"{family}/")
        assert row.population
        assert 0 <= row.low <= row.measured <= row.high <= 1


def test_every_number_of_seeds_is_there():
    for family in ("seeds-and-images", "paired-tests", "seed-equivalents", "multiplicity"):
        assert {3, 6, 12} <= {scenario.seeds for scenario in chosen_scenarios(f"{family}/*")}


def test_flat_spectra_and_outliers_are_there():
    for family in ("jackknife", "half-samples", "seeds-and-images"):
        populations = " ".join(scenario.population for scenario in chosen_scenarios(f"{family}/*"))
        assert "flat" in populations
        assert "outliers" in populations


@pytest.mark.parametrize("name", ["concentricity-difference", "magnitude-difference", "uniformity-difference"])
def test_a_difference_is_looked_for_where_there_is_one(name):
    scenario = half_samples.OneDifference(name, "decaying", "plain")
    (row,) = by_what(scenario, 40).values()
    assert 0.8 <= row.measured < 1
    assert row.warned == 0
    x, y = scenario._layers(np.random.default_rng(0))
    estimate = measure(name).estimate(x, y)
    assert estimate.low > 0


def test_the_jackknife_covers_and_warns_of_outliers():
    plain = by_what(jackknife.OneNetwork("decaying", "plain", 0.9, 100), 60)
    heavy = by_what(jackknife.OneNetwork("decaying", "outliers", 0.9, 400), 40)
    assert plain["debiased CKA, jackknife over images"].measured >= 0.85
    assert plain["debiased CKA, jackknife over images"].warned < 0.1
    assert heavy["debiased CKA, jackknife over images"].warned > 0.5


def test_seeds_and_images_cover_and_seeds_alone_would_not(monkeypatch):
    scenario = seeds_and_images.ThreeMethods("decaying", "plain", 0.6, 0.001, 6, n=60)
    found = by_what(scenario, 60)["mean over seeds, seeds and images"]
    assert found.measured >= 0.85
    without = intervals.seeds_and_images
    monkeypatch.setattr(seeds_and_images, "seeds_and_images", lambda values, _, **__: without(values, None))
    assert by_what(scenario, 60)["mean over seeds, seeds and images"].measured < found.measured - 0.1


def test_a_test_that_takes_images_as_n_is_caught(monkeypatch):
    monkeypatch.setattr(paired_tests, "paired_t", lambda d: intervals_as_n(d))
    row = by_what(paired_tests.Differences("normal", 6), 300)["paired t"]
    assert row.status == "rejects too often"


def intervals_as_n(differences: np.ndarray):
    """The paired t of differences counted ten times, as if every image were a replication."""
    from bench.statistics.tests import paired_t

    return paired_t(np.repeat(differences, 10))


def test_tests_without_correction_are_caught(monkeypatch):
    monkeypatch.setattr(multiplicity, "holm", lambda p: replace(multiplicity.benjamini_hochberg(p), rejected=p <= 0.05))
    row = by_what(multiplicity.Family(8, 0, 6), 300)["Holm: any false claim in the family"]
    assert row.status == "rejects too often"


def test_seed_equivalents_know_their_truth():
    rows = by_what(seed_equivalents.Ratio(0.7, "pairs", 12), 150)
    assert rows["seed-equivalents, jackknife over seeds"].measured >= 0.88
    assert rows["difference in seed-equivalents, jackknife over seeds"].measured >= 0.88


def test_equal_methods_are_seldom_told_apart():
    assert by_what(methods.EqualRanks(4, 6), 200)["Friedman's test"].measured <= 0.1
    assert by_what(methods.Leading(12, 12, 6), 100)["leading set: one of the best left out"].measured <= 0.12


def test_wilson_covers_an_accuracy():
    assert by_what(outputs.TwoNetworks(0.95, 360), 200)["accuracy of one network, Wilson"].measured >= 0.9
