from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis import wording
from bench.analysis.budget import best_within
from bench.analysis.cards import cards
from bench.analysis.claims import claims
from bench.analysis.networks import title_of
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study
from bench.profile import Theme
from bench.render.kit.prose import spelled, text
from bench.render.text.summary import summary
from bench.statistics.equivalence import CANT_TELL


def test_the_answer_names_the_method_under_the_budget_and_its_inside(study: Study):
    for model, sentence in zip(study.models, summary(study)[2:], strict=True):
        budget = cards(study)[model].budget
        assert budget < study.payload(model, "original")
        best = best_within(study, model, budget)
        assert best is not None
        title = study.plan.variant(best.best).title
        assert text(sentence).startswith(
            f"Within {wording.budget(budget)} the most accurate method on {title_of(study, model)} is {title}: "
        )


def test_the_cards_say_how_they_were_chosen_and_how_often_other_images_would_choose_another(study_of):
    study = study_of(report={"budget_kb": 100})
    for model, sentence in zip(study.models, summary(study)[2:], strict=True):
        found = best_within(study, model, cards(study)[model].budget)
        assert found is not None and found.others
        share = f"{100 * found.choice.changes:.0f}%"
        chosen = f"Chosen on 144 validation images. With other such images the choice would change in {share} of draws."
        assert chosen in text(sentence)
        if len(found.undecided) > 1:
            assert f"{spelled(len(found.undecided))} others may be just as good." in text(sentence)


def test_without_validation_figures_the_interval_is_that_of_the_highest(study_of, monkeypatch):
    study = study_of(models=("resnet8",), report={"budget_kb": 100})
    given = study.per_seed
    monkeypatch.setattr(
        study,
        "per_seed",
        lambda metric, *of: np.full(6, np.nan) if metric == "validation_accuracy" else given(metric, *of),
    )
    found = best_within(study, "resnet8", 100e3)
    assert found is not None
    assert found.level.high - found.level.low > 1.2 * (
        study.level("resnet8", found.best).high - study.level("resnet8", found.best).low
    )
    half = f"± {50 * (found.level.high - found.level.low):.2f}"
    assert f"Highest of {found.others + 1} on test images" in text(summary(study)[2])
    assert half in text(summary(study)[2])


def test_the_report_may_name_its_budget(study_of):
    study = study_of(report={"budget_kb": 62.5})
    fitting = _fitting(study, 62.5e3)
    best = max(fitting, key=lambda label: study.per_seed("validation_accuracy", "resnet8", label).mean())
    title = study.plan.variant(best).title
    assert text(summary(study)[2]).startswith(f"Within 62.5 kB the most accurate method on ResNet-8 is {title}: ")


def test_a_budget_that_nothing_meets_is_said(study_of):
    study = study_of(report={"budget_kb": 0.5})
    assert text(summary(study)[2]) == "ResNet-8: no method fits into 0.5 kB."


@pytest.mark.slow
def test_a_budget_that_one_network_alone_meets_is_said_of_the_other(study_of):
    study = study_of(models=("resnet8", "mobilenet-small"))
    sizes = {
        model: min(study.mean("payload_bytes", model, variant.label).value for variant in study.plan.methods)
        for model in study.models
    }
    between = Theme(budget_kb=sum(sizes.values()) / 2e3)
    study = Study(replace(study.results, plan=study.plan.model_copy(update={"report": between})))
    without = max(sizes, key=sizes.__getitem__)
    assert f"{title_of(study, without)}: no method fits into " in " ".join(map(text, summary(study)))


@pytest.mark.slow
def test_the_only_method_that_fits_is_ahead_of_nobody(study_of):
    sizes = sorted(study_of().mean("payload_bytes", "resnet8", v.label).value for v in study_of().plan.methods)
    study = study_of(report={"budget_kb": sum(sizes[:2]) / 2e3})
    assert "No other method fits." in text(summary(study)[2])


def test_methods_of_which_one_seed_is_done_are_not_beaten(runs, study_of):
    later = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.seed > 0]
    assert "One seed is too few to compare methods." in text(
        summary(study_of(states=dict.fromkeys(later, "missing")))[2]
    )


def test_a_method_with_too_few_seeds_is_said_to_be_untested(runs, study_of):
    few = [
        cell.name
        for cell in runs(models=("resnet8",)).cells()
        if cell.seed > 0 and cell.variant == "magnitude:sparsity=0.9"
    ]
    assert few
    study = study_of(states=dict.fromkeys(few, "missing"), report={"budget_kb": 100})
    assert "One other has too few seeds to be tested." in text(summary(study)[2])


def test_of_methods_that_are_equally_accurate_the_smallest_is_named(study_of, monkeypatch):
    study = study_of()
    given = study.per_seed
    equal = np.full(6, 0.97)
    monkeypatch.setattr(
        study, "per_seed", lambda metric, *of: equal if metric == "validation_accuracy" else given(metric, *of)
    )
    found = best_within(study, "resnet8", 1e9)
    assert found is not None
    assert found.best == min(
        (v.label for v in study.plan.methods), key=lambda label: study.mean("payload_bytes", "resnet8", label).value
    )


def test_the_counts_of_the_paragraph_are_those_of_the_verdicts(study: Study):
    said = text(summary(study)[1])
    words = [wording.word(claim) for claim in claims(study).values()]
    identical = words.count("identical answers")
    first = f"identical answers for {identical} of {len(words)}, " if identical else ""
    of_all = "" if identical else f" of {len(words)}"
    assert f"Accuracy: {first}same for {words.count('same')}{of_all}, changed for {words.count('changed')}, " in said
    assert f", can't tell for {words.count(CANT_TELL)}. Power to show “same”: " in said
    assert f"The inside: {wording.counted_insides(insides_of(study))}." in said
    assert "By CKA, Magnitude (sparsity 0.95) changes its features most: " in said
    assert said.endswith(" times as much as another seed, on average over 2 networks.")


def test_nothing_done_is_said(runs, study_of):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    study = study_of(states=dict.fromkeys(names, "missing"))
    assert [text(sentence) for sentence in summary(study)][1] == "No method has a result yet."


def _fitting(study: Study, limit: float) -> list[str]:
    methods = (variant.label for variant in study.plan.methods)
    return [label for label in methods if study.per_seed("payload_bytes", "resnet8", label).max() <= limit]


def test_the_inside_of_a_single_compressed_network_is_said_in_words(study_of, variants):
    chosen = tuple(
        variants[label] for label in ("original", "finetune", "other-seed", "random-weights", "nncf-int8-ptq")
    )
    said = text(summary(study_of(variants=chosen))[1])
    assert "Of the one compressed network: inside" in said
    assert "1 pair" not in said
