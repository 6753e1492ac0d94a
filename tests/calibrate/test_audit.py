"""Studies whose truth is known are audited: what is true is kept, and what is false is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.study import Study
from bench.calibrate.audit import audit
from bench.calibrate.invention import InventedMethod, Invention
from bench.calibrate.rates import MeasuredRate, rates_of
from bench.calibrate.scenarios.studies import ThoroughStudy, WholeStudy
from bench.roles import CONTROL

DRAWS = 5
EQUAL = WholeStudy("equal", 6, points=5.0)


@pytest.fixture(scope="module")
def audited():
    """Rates of a few draws of an invention, audited against its truth or another's."""

    def rates(scenario: WholeStudy, *truths: Invention) -> list[dict[str, MeasuredRate]]:
        rng, invention = np.random.default_rng(0), scenario.invention()
        studies = [Study(invention.draw(rng), withholds=scenario.withholds) for _ in range(DRAWS)]
        return [
            {rate.what: rate for rate in rates_of(scenario, [audit(study, truth) for study in studies])}
            for truth in truths or (invention,)
        ]

    return rates


@pytest.fixture(scope="module")
def of_equal(audited):
    """Equal methods, audited as they are, as if all were elsewhere, and as if they were at the margin."""
    truth = EQUAL.invention()
    off = replace(
        truth,
        control=replace(truth.control, accuracy=0.85),
        methods=tuple(replace(each, accuracy=0.8, distance=0.5) for each in truth.methods),
    )
    at_margin = replace(
        truth,
        methods=tuple(
            each if each.copies else replace(each, accuracy=0.9, distance=each.distance + 0.1, lost=5.0)
            for each in truth.methods
        ),
    )
    return audited(EQUAL, truth, off, at_margin)


def test_every_promise_of_equal_methods_is_there(of_equal):
    promised = {what for what, rate in of_equal[0].items() if rate.lowest is not None}
    for words in (
        "false difference",
        "false changed",
        "false word",
        "± h covers",
        "bias",
        "leading",
        "exemplars",
        "P(A",
    ):
        assert any(words in what for what in promised), words
    assert all(rate.population == EQUAL.population for rate in of_equal[0].values())


def test_what_is_observed_is_observed_where_it_is_and_nowhere_else(of_equal):
    for where, nowhere in (("answers, where they are", "not"), ("inside, where it is", "not")):
        assert of_equal[0][f"identical {where}"].measured == 1.0
        assert of_equal[0][f"identical {where} {nowhere}"].measured == 0.0


def test_intervals_cover_their_own_truth_and_no_other(of_equal):
    right, off, _ = of_equal
    covered = (
        "accuracy ± h covers",
        "most accurate within the budget: ± h covers",
        "debiased-cka: distance ± h covers",
    )
    for what in covered:
        assert right[what].measured > 0.75
        assert (off[what].measured, off[what].status) == (0.0, "missed")


def test_a_false_same_is_seen(of_equal):
    _, _, at_margin = of_equal
    for what in ("accuracy", "debiased-cka", "knn-jaccard"):
        assert at_margin[f"{what}: any false same in the family"].status == "missed"
    assert at_margin["any false word in the report"].measured == 1.0


def test_real_differences_are_shown_and_would_be_false_of_equal_methods(audited):
    scenario = WholeStudy("better", 12)
    true, false = audited(scenario, scenario.invention(), WholeStudy("equal", 12).invention())
    assert true["inside: changed, where beyond the margin (power)"].measured > 0.7
    assert true["accuracy: difference shown, where real (power)"].measured > 0.3
    assert false["accuracy: any false difference in the family"].measured > 0.7
    assert false["inside: any false changed in the family"].measured > 0.7
    assert false["blocks by debiased-cka: share of false finds"].measured > 0.7


def test_few_seeds_get_no_word_unless_they_are_not_withheld(audited):
    (withheld,) = audited(WholeStudy("equal", 3))
    assert withheld["accuracy: any word where words are withheld"].measured == 0.0
    assert withheld["inside: any word where words are withheld"].measured == 0.0
    (given,) = audited(WholeStudy("equal", 3, points=5.0, withholds=False))
    assert "accuracy: any false difference in the family" in given
    assert "inside: any false changed in the family" in given


def test_thorough_studies_have_every_measures_own_interval(audited):
    invention = replace(ThoroughStudy("equal", 6).invention(), seeds=3, measures=("debiased-cka", "rsa"))
    study = Study(invention.draw(np.random.default_rng(0)))
    found = audit(study, invention)
    assert found["rsa: distance ± h in whole studies"].low < found["rsa: distance ± h in whole studies"].high


def test_a_study_of_copies_alone_promises_what_is_left():
    copies = tuple(InventedMethod(f"copy {number}", 0.9, copies=True, payload=1000 + number) for number in range(2))
    invention = Invention(6, 0.9, InventedMethod(CONTROL, 0.9, 0.03, finetunes=True), copies)
    outcomes = audit(Study(invention.draw(np.random.default_rng(0))), invention)
    assert outcomes["identical answers, where they are"].hits == 1.0
    assert not any("family" in what for what in outcomes)
