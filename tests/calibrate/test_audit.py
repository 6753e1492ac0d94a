"""Studies whose truth is known are audited: what is true is kept, and what is false is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.study import Study
from bench.calibrate.audit import audit
from bench.calibrate.invention import InventedMethod, Invention
from bench.calibrate.rates import MeasuredRate, rates_of
from bench.calibrate.scenarios.studies import WholeStudy
from bench.roles import CONTROL

DRAWS = 6


@pytest.fixture(scope="module")
def audited():
    """Rates of a few draws of an invention, audited against its truth or another's."""

    def rates(scenario: WholeStudy, truth: Invention | None = None) -> dict[str, MeasuredRate]:
        rng, invention = np.random.default_rng(0), scenario.invention()
        outcomes = [
            audit(Study(invention.draw(rng), withholds=scenario.withholds), truth or invention) for _ in range(DRAWS)
        ]
        return {rate.what: rate for rate in rates_of(scenario, outcomes)}

    return rates


@pytest.fixture(scope="module")
def of_equal(audited):
    return audited(WholeStudy("equal", 6, points=5.0))


def test_every_promise_of_equal_methods_is_there(of_equal):
    promised = {what for what, rate in of_equal.items() if rate.lowest is not None}
    for words in ("difference", "± h covers", "bias", "leading set", "exemplars", "P(A"):
        assert any(words in what for what in promised), words


def test_what_is_observed_is_observed_where_it_is_and_nowhere_else(of_equal):
    assert of_equal["identical answers, where they are"].measured == 1.0
    assert of_equal["identical answers, where they are not"].measured == 0.0


def test_intervals_cover_their_own_truth_and_no_other(of_equal, audited):
    assert of_equal["accuracy ± h covers"].measured > 0.9
    scenario = WholeStudy("equal", 6, points=5.0)
    truth = scenario.invention()
    off = replace(
        truth,
        control=replace(truth.control, accuracy=0.85),
        methods=tuple(replace(each, accuracy=0.8, distance=0.5) for each in truth.methods),
    )
    rates = audited(scenario, off)
    for what in ("accuracy ± h covers", "most accurate within the budget: ± h covers"):
        assert rates[what].measured == 0.0
        assert rates[what].status == "missed"


def test_words_that_are_false_are_seen(audited):
    """Far and worse methods, audited as if they were equal; equal ones, as if they were at the margin."""
    different, equal = WholeStudy("better", 12), WholeStudy("equal", 12, points=5.0)
    rates = audited(different, WholeStudy("equal", 12).invention())
    assert rates["accuracy: any false difference in the family"].measured > 0.8
    rates = audited(equal, WholeStudy("margin", 12, points=5.0).invention())
    assert rates["accuracy: any false same in the family"].measured > 0.8


def test_real_differences_are_shown(audited):
    rates = audited(WholeStudy("better", 12))
    assert rates["accuracy: difference shown, where real (power)"].measured > 0.3


def test_few_seeds_get_no_word_unless_they_are_not_withheld(audited):
    withheld = audited(WholeStudy("equal", 3))
    assert withheld["accuracy: any word where words are withheld"].measured == 0.0
    given = audited(WholeStudy("equal", 3, points=5.0, withholds=False))
    assert "accuracy: any false difference in the family" in given


def test_a_study_of_copies_alone_promises_what_is_left():
    copies = tuple(InventedMethod(f"copy {number}", 0.9, copies=True, payload=1000 + number) for number in range(2))
    invention = Invention(6, 0.9, InventedMethod(CONTROL, 0.9, 0.03, finetunes=True), copies)
    outcomes = audit(Study(invention.draw(np.random.default_rng(0))), invention)
    assert outcomes["identical answers, where they are"].hits == 1.0
    assert not any("family" in what for what in outcomes)
