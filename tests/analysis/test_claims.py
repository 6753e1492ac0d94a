from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import claims as module
from bench.analysis import outcomes
from bench.analysis.claims import Claim, claims, judge, losses, nothing_to_lose
from bench.analysis.outcomes import Evidence, PrimaryOutcome
from bench.analysis.reference import Reference
from bench.analysis.study import Study
from bench.statistics.crossed import components, crossed_difference
from bench.statistics.intervals import seed_mean
from bench.statistics.power import crossed_needed, crossed_tost_power

ACCURACY = PrimaryOutcome(
    key="accuracy", quantity="Top-1", title="Change in accuracy from the original", estimand="top-1", unit="points",
    margin=0.5,
    digits=2, kind="compress", directions=("lower", "higher"),
)  # fmt: skip


def evidence(*differences: float) -> Evidence:
    return Evidence("resnet8", "x", ACCURACY, seed_mean(differences), differences)


def judged(*groups: tuple[float, ...]) -> list[Claim]:
    return judge([evidence(*group) for group in groups], 0.05, "tests")


def test_the_three_words():
    nothing = (0.01, -0.02, 0.0, 0.02, -0.01, 0.01)
    much = (-3.0, -3.2, -2.9, -3.1, -3.0, -3.05)
    little = (0.10, 0.11, 0.09, 0.10, 0.12, 0.10)
    noise = (2.0, -2.5, 1.0, -1.5, 3.0, -2.0)
    words = [claim.verdict.word for claim in judged(nothing, much, little, noise)]
    assert words == ["same", "changed", "same", "can't tell"]


def test_p_values_are_corrected_for_all_of_the_family():
    group = (-0.3, -0.1, -0.35, -0.2, -0.15, -0.05)
    alone = judged(group)[0]
    among = judged(group, *[(0.0, 0.1, -0.1, 0.05, -0.05, 0.0)] * 3)[0]
    assert among.size == 4
    assert among.raw.p_different == alone.raw.p_different
    assert among.verdict.p_different == pytest.approx(min(4 * alone.raw.p_different, 1))


@pytest.mark.parametrize(("seeds", "stars"), [(5, ""), (6, "***")])
def test_stars_are_withheld_where_the_sign_flip_test_cannot_reach_alpha(seeds: int, stars: str):
    differences = tuple(-3 + 0.01 * np.arange(seeds))
    claim = judged(differences)[0]
    assert claim.withheld == (seeds < 6)
    assert claim.stars == stars
    assert claim.flip.p == 2.0 ** (1 - seeds)


def test_one_seed_claims_nothing():
    claim = judged((-3.0,))[0]
    assert (claim.verdict.word, claim.stars, claim.withheld) == ("can't tell", "", True)


def test_each_method_is_judged_against_what_trained_as_long(study_of):
    accuracies = {"original": 95.0, "finetune": 95.5, "nncf-int8-ptq": 94.0, "nncf-int8-qat": 94.0}
    study = study_of(accuracy=lambda model, seed, label: accuracies.get(label, 50.0) + 0.1 * seed)
    against = {label: claims(study)["resnet8", label, "accuracy"].evidence for label in accuracies if "nncf" in label}
    assert {label: each.reference for label, each in against.items()} == {
        "nncf-int8-ptq": "original",
        "nncf-int8-qat": "finetune",
    }
    assert against["nncf-int8-ptq"].difference.value == pytest.approx(-1.0)
    assert against["nncf-int8-qat"].difference.value == pytest.approx(-1.5)
    lost = losses(study)["resnet8", "nncf-int8-qat"]
    assert lost.difference.value == pytest.approx(-1.0)
    assert lost.shown and lost.size == 5
    assert np.isnan(losses(study)["resnet8", "nncf-int8-ptq"].p_corrected)


def test_a_family_is_one_outcome_of_all_methods_of_a_network(study: Study):
    methods = len(study.plan.methods)
    assert methods == 11
    tested = {key: claim.size for key, claim in claims(study).items() if claim.tested}
    assert {size for (_, _, outcome), size in tested.items() if outcome == "accuracy"} == {methods - 1}
    assert {label for _, label, _ in claims(study)} == {variant.label for variant in study.plan.methods}


def rightly(model: str, seed: int, label: str) -> np.ndarray:
    """Answers of 400 images: about 95% right; int8 gives the original's, magnitude another seed's."""
    one = seed + 100 if label.startswith("magnitude") else seed
    return np.random.default_rng([one]).random(400) < 0.95


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_identical_answers_stand_at_any_number_of_seeds_and_outside_the_family(study_of, variants, seeds: int):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16", "magnitude:sparsity=0.5"))
    study = study_of(variants=chosen, seeds=tuple(range(seeds)), test=400, right=rightly)
    same, other = (claims(study)["resnet8", label, "accuracy"] for label in ("float16", "magnitude:sparsity=0.5"))
    assert same.identical and not same.tested and same.within and not same.undecided
    assert (same.agreement.alike, same.agreement.images, same.agreement.seeds) == (400, 400, seeds)
    assert np.isnan([same.verdict.p_different, same.verdict.p_equivalent, same.flip.p]).all()
    assert not other.identical and other.tested
    assert other.size == (1 if seeds > 1 else 0)
    if seeds == 6:
        alone = study_of(variants=(*chosen[:2], chosen[3]), test=400, right=rightly)
        assert claims(alone)["resnet8", other.evidence.variant, "accuracy"].verdict == other.verdict


def test_every_word_is_withheld_at_three_seeds(study_of):
    study = study_of(seeds=(0, 1, 2))
    judged = claims(study).values()
    assert {claim.verdict.word for claim in judged} == {"can't tell"}
    tested = [claim for claim in judged if claim.tested]
    assert tested and all("With 3 seeds the smallest attainable p is 0.25" in claim.verdict.reason for claim in tested)
    assert not any(loss.shown for loss in losses(study).values())
    otherwise = Study(study.results, withholds=False)
    assert "changed" in {claim.verdict.word for claim in claims(otherwise).values()}


def test_where_the_original_does_not_beat_chance_there_are_no_words(study_of):
    def guessing(model: str, seed: int, label: str) -> np.ndarray:
        return np.random.default_rng([seed, *label.encode()]).random(400) < 0.1

    study = study_of(test=400, right=guessing)
    assert "chance (10.00%)" in nothing_to_lose(study)["resnet8"]
    for claim in claims(study).values():
        assert claim.nothing_to_lose and not claim.tested and not claim.undecided
        assert claim.verdict.word == "can't tell" and not claim.stars


@pytest.mark.parametrize(("right", "lost"), [(39, True), (40, True), (41, False)])
def test_with_few_seeds_an_original_at_chance_or_below_has_nothing_to_lose(study_of, right, lost):
    study = study_of(seeds=(0, 1), test=400, right=lambda model, seed, label: np.arange(400) < right)
    assert bool(nothing_to_lose(study)) == lost


def test_an_original_that_beats_chance_has_something_to_lose(study: Study):
    assert nothing_to_lose(study) == {}


def test_what_no_network_trained_as_long_as_is_not_judged(study_of, monkeypatch):
    none = Reference("retrained", None, None, 9.0, 9.0, "no dense network was trained for its 9 epochs")

    def found(study, model, variant):
        return none if variant == "nncf-int8-qat" else Reference("original", "original", "original", 0.0, 0.0)

    monkeypatch.setattr(outcomes, "reference", found)
    monkeypatch.setattr(module, "reference", found)
    study = study_of()
    claim = claims(study)["resnet8", "nncf-int8-qat", "accuracy"]
    assert (claim.verdict.word, claim.tested, claim.evidence.reference) == ("can't tell", False, None)
    assert claim.verdict.reason == "No dense network was trained for its 9 epochs."
    assert np.isnan(claim.evidence.difference.value)
    assert losses(study)["resnet8", "nncf-int8-qat"].difference.n == 6


def test_differences_cross_seeds_and_images(study: Study):
    claim = claims(study)["resnet8", "nncf-int8-ptq", "accuracy"]
    one, other = (study.table("resnet8", label) for label in ("nncf-int8-ptq", "original"))
    assert claim.evidence.difference == crossed_difference(one, other).scaled(100)
    parts = components(100 * (one - other))
    assert claim.evidence.parts.variance == pytest.approx(parts.variance)
    power = crossed_tost_power(parts, 0.5, seeds=6, images=360, tests=10)
    assert claim.power == pytest.approx(power)
    assert claim.needed.seeds == crossed_needed(parts, 0.5, tests=10).seeds


def test_a_difference_that_is_not_shown_has_no_star():
    differences = (-0.3, -0.1, -0.35, -0.2, -0.15, -0.05)
    (claim,) = judge([evidence(*differences)], 0.003, "tests", withhold=False)
    assert claim.verdict.p_different < 0.05
    assert (claim.differs, claim.stars) == (False, "")


def test_where_nothing_differs_in_any_image_no_power_of_t_is_given(study_of, variants):
    """The sign-flip test stands in for t there, and says "same" of no difference at all."""
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))

    def shifted(model: str, seed: int, label: str) -> np.ndarray:
        answers = np.random.default_rng([seed]).random(400) < 0.95
        return np.roll(answers, 1) if label == "finetune" else answers

    claim = claims(study_of(variants=chosen, test=400, right=shifted))["resnet8", "float16", "accuracy"]
    assert claim.evidence.parts is None or claim.evidence.parts.variance == 0.0
    assert np.isnan(claim.power)
