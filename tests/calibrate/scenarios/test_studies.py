from __future__ import annotations

import pytest

from bench.calibrate.scenarios.studies import ThoroughStudy, WholeStudy, scenarios


def test_every_truth_is_there_at_every_number_of_seeds():
    there = {(each.truth, each.seeds) for each in scenarios() if not each.thorough}
    assert there == {(truth, seeds) for truth in ("equal", "better", "margin") for seeds in (3, 6, 12)}
    assert any(not each.withholds for each in scenarios())


@pytest.mark.parametrize("points", [0.5, 5.0])
def test_differences_at_the_margin_are_exactly_there(points):
    invention = WholeStudy("margin", 6, points=points).invention()
    for method in invention.methods:
        if method.copies:
            continue
        reference = invention.control if method.finetunes else None
        assert invention.original - method.accuracy == pytest.approx(points / 100)
        assert method.distance - (reference.distance if reference else 0) == pytest.approx(0.1)
        assert method.lost == points


def test_thorough_studies_compute_what_is_drawn_elsewhere():
    assert ThoroughStudy("equal", 6).invention().measures[:1] != ()
    assert {"debiased-cka", "knn-jaccard", "rsa"} <= set(ThoroughStudy("equal", 6).invention().measures)
    assert WholeStudy("equal", 6).invention().measures == ("debiased-cka",)


def test_populations_of_all_settings_differ():
    settings = [each for each in scenarios() if each.seeds == 3]
    assert len({each.population for each in settings}) == len(settings)
