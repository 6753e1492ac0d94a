from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.errors import InputError
from bench.statistics.leading_set import leading_set

NOISE = np.array([0.1, -0.2, 0.15, 0.05, -0.1, 0.0])


@pytest.fixture
def accuracies():
    return {
        "far": 80 + NOISE[::-1],
        "best": 90.05 + NOISE,
        "level": 90 + 1.5 * NOISE[::-1],
        "near": 89 + 2 * NOISE[::-1],
    }


def test_those_lead_that_no_other_is_shown_to_beat(accuracies):
    found = leading_set(accuracies)
    assert found.best == "best"
    assert found.members == found.bold == ("best", "level")
    for name, own in accuracies.items():
        others = [each for other, each in accuracies.items() if other != name]
        expected = min(3 * min(stats.ttest_rel(each, own, alternative="greater").pvalue for each in others), 1)
        assert found.p[name] == pytest.approx(expected)
    assert "Holm over the 3 others" in found.test
    assert "95% of experiments" in found.test


def test_what_is_best_is_kept():
    """Twelve variants that are best alike: each is left out in fewer than 5% of experiments."""
    rng = np.random.default_rng(0)
    names = [str(each) for each in range(12)]
    sets = [leading_set(dict(zip(names, rng.normal(0, 1, (12, 6))))) for _ in range(300)]
    assert np.mean([12 - len(found.members) for found in sets]) / 12 <= 0.05


def test_one_that_scatters_far_below_does_not_lead():
    """At six seeds a correction over all pairs of 22 variants would keep it."""
    rng = np.random.default_rng(0)
    found = leading_set(
        {"wild": 40 + 20 * NOISE / NOISE.std(ddof=1)} | {str(i): 98 + rng.normal(0, 0.3, 6) for i in range(21)}
    )
    assert "wild" not in found.members
    assert len(found.members) > 15


def test_a_variant_that_lacks_a_few_seeds_can_be_the_best():
    most, half = np.array([94.0] * 4 + [np.nan] * 2), np.array([94.0] * 2 + [np.nan] * 4)
    assert leading_set({"most": most + NOISE, "all": 64 + NOISE}).best == "most"
    assert leading_set({"few": half + NOISE, "all": 64 + NOISE}).best == "all"


def test_smaller_can_be_better(accuracies):
    found = leading_set(accuracies, larger_is_better=False)
    assert found.members == ("far",)


def test_nothing_is_bold_where_alpha_cannot_be_reached(accuracies):
    found = leading_set({name: values[:5] for name, values in accuracies.items()})
    assert found.withheld
    assert found.bold == ()
    assert "best" in found.members
    assert found.smallest_attainable_p == 0.0625
    assert "0.0625" in found.why_withheld


def test_a_variant_seen_once_cannot_lead_and_is_named():
    lucky = np.array([99.0] + [np.nan] * 5)
    found = leading_set({"lucky": lucky, "steady": 90 + NOISE})
    assert found.best == "steady"
    assert found.members == ("steady",)
    assert found.untested == ("lucky",)


def test_the_best_mean_leads_though_it_loses_where_both_have_seeds():
    best = np.array([np.nan, np.nan, 99.0, 90.0, 90.1, 90.0])
    other = np.array([80.0, 80.0, 99.5, 90.5, 90.6, 90.5])
    found = leading_set({"best": best, "other": other})
    assert found.best == "best"
    assert found.members == ("best", "other")


def test_pairs_are_formed_from_the_seeds_both_have(accuracies):
    accuracies["level"][2] = np.nan
    assert leading_set(accuracies).members == ("best", "level")


def test_ties_and_holes():
    assert leading_set({"a": [1.0] * 6, "b": [1.0] * 6}).members == ("a", "b")
    assert leading_set({}).members == ()
    empty = leading_set({"a": [np.nan], "b": [np.nan]})
    assert (empty.best, empty.members, empty.withheld) == ("", (), True)
    assert leading_set({"only": 90 + NOISE}).members == ("only",)


def test_different_numbers_of_seeds_are_refused():
    with pytest.raises(InputError, match="one place per seed"):
        leading_set({"a": [1.0, 2.0], "b": [1.0]})
