from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis import distances, outcomes, sameness, wording
from bench.analysis.claims import Claim, claims, claims_on
from bench.analysis.outcomes import Outcome
from bench.analysis.per_image import AnswerAgreement
from bench.analysis.study import Study
from bench.statistics.estimate import Estimate
from bench.statistics.power import Needed


def needing(study: Study, *needed: Needed) -> list[Claim]:
    claim = next(claim for claim in claims(study).values() if claim.tested)
    made = [replace(claim) for _ in needed]
    for each, found in zip(made, needed, strict=True):
        each.__dict__["needed"] = found
    return made


def of(seeds: int | None, images: int | None = None) -> Needed:
    return Needed(seeds, images, images, 0.1)


def test_what_would_tell_goes_from_the_smallest_spread_to_the_largest(study: Study):
    def said(*needed: Needed) -> str:
        return wording.would_tell(needing(study, *needed)).removeprefix("If there were no difference, ")

    assert said(of(14), of(9), of(12)) == "9 to 14 seeds would tell."
    assert said(of(9), of(9)) == "9 seeds would tell."
    assert said(of(3)) == ""  # six seeds would have told
    assert said(of(9), of(4_000)) == "9 to more than 100 seeds would tell."
    assert said(of(None)) == "more than 100 seeds would tell."
    assert said(of(None, 4_000)) == "no number of seeds would tell: it takes 4,000 test images."
    assert said(of(9), of(None, 4_000), of(None, 9_000)) == (
        "9 seeds would tell. For 2, no number of seeds would: these need 4,000 to 9,000 test images."
    )
    # Where even endless images would not do with so few seeds, images alone are no answer.
    assert (
        said(Needed(None, None, 4_000, 0.0))
        == "no number of seeds would tell: it takes 4,000 test images and more seeds."
    )
    assert said() == ""


def test_a_level_has_its_unit_and_half_its_interval(study: Study):
    level = study.level("resnet8", "float16")
    half = 50 * (level.high - level.low)
    assert wording.level(study, "resnet8", "float16") == f"{100 * level.value:.2f}% ± {half:.2f}"


def test_one_seed_has_no_interval_and_no_seed_no_level(study_of):
    study = study_of(seeds=(0,), states={"compress/resnet8/0/float16": "failed"})
    assert "±" not in wording.level(study, "resnet8", "original")
    assert wording.level(study, "resnet8", "float16") == "no result"


def test_a_difference_has_a_sign_a_unit_and_its_interval():
    less = Estimate(-0.012, -0.02, -0.004, 6, "seed", "t")
    assert wording.signed(less, 3) == "−0.012 [−0.020, −0.004]"
    assert wording.signed(less, 1, scale=100, unit=" points") == "−1.2 points [−2.0, −0.4]"
    assert wording.signed(replace(less, low=np.nan, high=np.nan), 3) == "−0.012"


def test_margins_are_in_the_units_of_their_outcomes(study: Study):
    assert wording.margin(outcomes.primary(study)) == "±0.5 points"
    assert wording.margins(study) == "±0.5 points of accuracy, 0.1 seed-equivalents of the inside"
    own = wording.own_inside_margins(study)
    size = distances.own_margins(study, "resnet8")["debiased-cka"]
    assert f"ResNet-8: Debiased linear CKA {size:.3f}, Angular shape distance" in own
    assert "Cross-probe" not in own


def judged(study: Study, outcome: Outcome, word: str, value: float, p: float = 0.5) -> Claim:
    claim = next(claim for claim in claims_on(study, outcome) if claim.tested)
    evidence = replace(claim.evidence, difference=replace(claim.evidence.difference, value=value))
    return replace(claim, evidence=evidence, verdict=replace(claim.verdict, word=word, p_different=p))


@pytest.mark.parametrize(
    ("word", "value", "p", "accuracy", "short"),
    [
        ("same", -0.2, 0.5, "same", "same"),
        ("same", -0.2, 0.01, "same: 0.2 points lower", "same: lower"),
        ("same", 0.003127, 0.01, "same: 0.0031 points higher", "same: higher"),
        ("changed", -0.1, 0.01, "changed: lower", "changed: lower"),
        ("changed", 0.1, 0.01, "changed: higher", "changed: higher"),
        ("can't tell", -0.1, 0.5, "can't tell", "can't tell"),
    ],
)
def test_every_word_is_said_with_its_direction(
    study: Study, word: str, value: float, p: float, accuracy: str, short: str
):
    claim = judged(study, outcomes.primary(study), word, value, p)
    assert (wording.word(claim), wording.verdict(claim), wording.short(claim)) == (word, accuracy, short)


@pytest.mark.parametrize(
    ("changes", "short", "badge", "predicate"),
    [
        ({"word": "same"}, "same", "inside same", "is the same"),
        ({"word": "same", "direction": "nearer"}, "same: nearer", "inside same: nearer", "nearer to the original"),
        ({"word": "same", "direction": "farther"}, "same: farther", "inside same: farther", "though farther from"),
        ({"word": "same", "direction": "farther"}, "same: farther", "inside same: farther", "is the same"),
        ({"word": "changed", "direction": "farther"}, "changed: farther", "inside changed: farther", "has changed"),
        ({"word": "can't tell", "direction": "nearer"}, "can't tell", "inside can't tell", "can't be told"),
        ({"identical": True}, "identical inside", "identical inside", "is identical"),
        ({"word": None}, "trained anew", "inside trained anew", "another training's"),
        ({"word": "can't tell", "nothing_to_lose": "..."}, "nothing to lose", "inside nothing to lose", "nothing"),
    ],
)
def test_every_word_for_an_inside_is_said_alike(study: Study, changes, short: str, badge: str, predicate: str):
    plain = {"direction": "", "identical": False}
    claim = replace(sameness.inside_claims(study)["resnet8", "float16"], **plain | changes)
    assert wording.inside_word(claim) == short
    assert wording.inside_words(claim).badge == badge
    assert predicate in wording.inside_words(claim).predicate


def test_insides_are_counted_by_word(study: Study):
    claim = sameness.inside_claims(study)["resnet8", "float16"]
    same, changed = (replace(claim, word=word) for word in ("same", "changed"))
    assert wording.counted_insides([same, changed, changed]) == "same for 1 of 3, changed for 2, can't tell for 0"
    assert wording.counted_insides([replace(same, identical=True)]).startswith(
        "identical inside for 1 of 1, same for 0"
    )


def test_observations_and_silence_have_words_of_their_own(study: Study):
    claim = claims(study)["resnet8", "float16", "accuracy"]
    assert wording.verdict(claim) == wording.short(claim) == "identical answers"
    assert "360 of 360 images in 6 seeds; at most 0.83% of new images" in wording.why(claim)
    lost = replace(claim, agreement=None, nothing_to_lose="Nothing to lose: ...")
    assert wording.verdict(lost) == "nothing to lose"
    assert wording.observed(AnswerAgreement(599, 599, 1)) == "599 of 599 images in 1 seed; at most 0.5% of new images"


def test_words_are_counted_with_the_power_of_same(study: Study):
    outcome = outcomes.primary(study)
    one, two = (judged(study, outcome, word, -1.0, 0.01) for word in ("changed", "same"))
    one.__dict__["power"] = two.__dict__["power"] = 0.03
    assert wording.counted_words([one, two, one]) == "same for 1 of 3, changed for 2, can't tell for 0"
    assert wording.power([one, two]) == "0.03"
    two.__dict__["power"] = 0.4
    assert wording.power([one, two]) == "0.03 to 0.40"
    assert wording.counted_words([claims(study)["resnet8", "float16", "accuracy"]]).startswith(
        "identical answers for 1 of 1, same for 0, "
    )


def test_what_was_not_judged_was_not_compared(study: Study):
    assert wording.inside_words(sameness.inside_claim(study, "resnet8", "finetune")) == wording.NOT_COMPARED


def test_holes_are_counted_the_worst_first(study_of):
    states = {"train/resnet8/0": "missing", "compress/resnet8/0/float16": "failed"}
    assert wording.holes(study_of(states=states)) == "1 failed, 1 missing"


def test_where_all_is_done_no_hole_is_counted(study: Study):
    assert wording.holes(study) == ""
