from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis import inside_family, wording
from bench.analysis.claims import claims_on
from bench.analysis.distances import compared, measures
from bench.analysis.inside_tests import on_scale
from bench.analysis.outcomes import primary
from bench.analysis.sameness import inside_claims
from bench.analysis.sensitivity import sensitivity
from bench.analysis.study import Study
from bench.runner.plan_file import PlannedMargins


def test_as_they_are_the_words_are_those_of_the_report(study: Study):
    standing = {terms.inside: terms for terms in sensitivity(study) if terms.stands}
    assert standing[False].changes == standing[True].changes == ()
    for claim in claims_on(study, primary(study)):
        assert standing[False].words[claim.evidence.model, claim.evidence.variant] == wording.word(claim)
    for network, claim in inside_claims(study).items():
        assert standing[True].words[network] == wording.bare_inside_word(claim)


@pytest.mark.slow
def test_other_margins_give_the_words_of_a_profile_that_has_them(study: Study):
    margins = study.plan.margins
    doubled = {name: 2 * value for name, value in margins.model_dump().items()}
    plan = study.plan.model_copy(update={"margins": PlannedMargins(**doubled)})
    fresh = Study(replace(study.results, plan=plan))
    (twice,) = [terms for terms in sensitivity(study) if terms.factor == 2.0 and not terms.inside]
    for claim in claims_on(fresh, primary(fresh)):
        assert twice.words[claim.evidence.model, claim.evidence.variant] == wording.word(claim)
    (twice,) = [terms for terms in sensitivity(study) if terms.factor == 2.0 and terms.inside]
    assert {network: wording.bare_inside_word(claim) for network, claim in inside_claims(fresh).items()} == twice.words


def test_a_wider_margin_never_takes_a_same_away(study: Study):
    for inside in (False, True):
        several = sorted(
            (t for t in sensitivity(study) if t.inside == inside and not t.measure), key=lambda t: t.factor
        )
        same = [{network for network, word in terms.words.items() if word == "same"} for terms in several]
        assert same[0] <= same[1] <= same[2]
        assert all(
            set(terms.changes) == {n for n, w in terms.words.items() if w != several[1].words[n]} for terms in several
        )


def test_each_measure_alone_has_its_row(study: Study):
    alone = [terms.measure for terms in sensitivity(study) if terms.measure]
    assert alone == list(measures(study))
    assert all(terms.inside for terms in sensitivity(study) if terms.measure)


def test_the_study_itself_is_left_as_it_was(study: Study):
    before = (study.plan.margins, study.plan.similarity.inside)
    sensitivity(study)
    assert (study.plan.margins, study.plan.similarity.inside) == before


def test_nothing_is_measured_again(study: Study):
    other = study.judged_by(margins=study.plan.margins)
    assert compared(other) is compared(study)
    assert other.per_image is study.per_image


def test_few_seeds_have_no_words_to_change(study_of):
    assert sensitivity(study_of(seeds=(0, 1))) == ()


def test_a_study_without_comparisons_has_margins_of_the_primary_outcome_alone(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert {terms.inside for terms in sensitivity(study_of(states=dict.fromkeys(names, "missing")))} == {False}


def test_no_test_of_an_inside_is_made_twice(study_of, monkeypatch):
    study, tested = study_of(), []
    monkeypatch.setattr(
        inside_family, "on_scale", lambda one, margin: tested.append((id(one), margin)) or on_scale(one, margin)
    )
    inside_claims(study)
    once = len(tested)
    sensitivity(study)
    margins = {margin for _, margin in tested}
    assert once and len(tested) == len(set(tested)) and margins == {0.05, 0.1, 0.2}
