from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis import outcomes, wording
from bench.analysis.claims import claim_on, claims, claims_on
from bench.analysis.study import Study
from bench.statistics.estimate import Estimate


def test_more_seeds_than_are_of_use_are_not_counted(study: Study):
    wild = [claim for claim in claims(study).values() if claim.evidence.variant == "magnitude:sparsity=0.95"]
    assert wording.seeds_that_would_tell(wild).endswith("more than 100 seeds")
    assert wording.seeds_that_would_tell([]) == ""


def test_seeds_that_would_tell_go_from_the_smallest_spread_to_the_largest(study: Study):
    claim = next(iter(claims(study).values()))

    def of(*spreads: float) -> str:
        raw = [replace(claim.raw, sd=spread * claim.raw.margin, n=6) for spread in spreads]
        return wording.seeds_that_would_tell([replace(claim, raw=each, size=1) for each in raw])

    few, many = of(1.0), of(2.0)
    assert of(2.0, 1.0, 1.5) == f"{few.removesuffix(' seeds')} to {many}"
    assert of(1.0, 1.0) == few
    assert of(0.1) == ""  # six seeds would have told
    assert of(1.0, 1e3) == f"{few.removesuffix(' seeds')} to more than 100 seeds"


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
    assert wording.margin(outcomes.inside(study)) == "±0.02 CKA"
    assert wording.margins(study) == "±0.5 points of accuracy, ±0.02 of CKA"


@pytest.mark.parametrize(
    ("word", "value", "words"),
    [
        ("same", -0.01, wording.INSIDE_SAME),
        ("changed", -0.1, wording.INSIDE_FARTHER),
        ("changed", 0.1, wording.INSIDE_NEARER),
        ("can't tell", -0.1, wording.INSIDE_CANT_TELL),
    ],
)
def test_every_verdict_on_the_inside_has_its_words(study: Study, word: str, value: float, words: wording.InsideWords):
    claim = claims_on(study, outcomes.inside(study))[0]
    difference = replace(claim.evidence.difference, value=value)
    evidence, verdict = replace(claim.evidence, difference=difference), replace(claim.verdict, word=word)
    assert wording.inside_words(replace(claim, evidence=evidence, verdict=verdict)) == words


def test_what_was_not_judged_cannot_be_told(study: Study):
    assert (
        wording.inside_words(claim_on(study, "resnet8", "finetune", outcomes.inside(study))) == wording.INSIDE_CANT_TELL
    )


def test_holes_are_counted_the_worst_first(study_of):
    states = {"train/resnet8/0": "missing", "compress/resnet8/0/float16": "failed"}
    assert wording.holes(study_of(states=states)) == "1 failed, 1 missing"


def test_where_all_is_done_no_hole_is_counted(study: Study):
    assert wording.holes(study) == ""
