"""What holds for every family of scenarios."""

import pytest

from bench import registry
from bench.calibrate.rates import RATE
from bench.calibrate.run import PACKAGE, chosen_scenarios, simulate
from bench.calibrate.scenarios.multiplicity import ManyTests

FAMILIES = registry.names(PACKAGE)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_gives_rows_with_all_that_a_table_needs(family):
    scenario = chosen_scenarios(f"{family}/*")[-1]
    rows = simulate(scenario, 2)
    assert rows
    for row in rows:
        assert row.scenario.startswith(f"{family}/")
        assert row.population
        assert row.low <= row.measured <= row.high
        assert row.unit != RATE or 0 <= row.low <= row.high <= 1


def test_every_number_of_seeds_is_there():
    for family in ("seeds-and-images", "paired-tests", "seed-equivalents", "multiplicity", "tails"):
        assert {3, 6, 12} <= {scenario.seeds for scenario in chosen_scenarios(f"{family}/*")}


def test_flat_spectra_and_outliers_are_there():
    for family in ("jackknife", "half-samples", "seeds-and-images"):
        populations = " ".join(scenario.population for scenario in chosen_scenarios(f"{family}/*"))
        assert "flat" in populations
        assert "outliers" in populations


def test_a_renamed_class_keeps_its_results():
    scenario = ManyTests(8, 0, 3)
    assert scenario.spec(500)["scenario"] == "Family"
    assert scenario.key(500) == "cc85986063b053bf087778bf"
