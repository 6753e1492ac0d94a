from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.analysis import wording
from bench.analysis.budget import best_within
from bench.analysis.choice import smallest_keeping
from bench.analysis.claims import claims
from bench.analysis.results import load
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study
from bench.profile import Theme
from bench.render.kit.prose import text
from bench.render.text.findings import findings
from bench.render.text.summary import headlines, summary
from bench.statistics.equivalence import CANT_TELL


def test_the_answer_names_the_method_under_the_budget_and_its_inside(study: Study):
    cards = list(headlines(study))
    assert [card.model for card in cards] == ["resnet8", "mobilenet-small"]
    assert all(card.budget == "100 kB" for card in cards)
    best = {label: study.per_seed("validation_accuracy", "resnet8", label).mean() for label in _fitting(study, 100e3)}
    assert cards[0].picks[0].method == study.plan.variant(max(best, key=best.__getitem__)).title
    assert cards[0].picks[0].words == "inside can't tell"  # 64 probe images are too few


def test_the_smallest_that_loses_little_stands_beside_the_most_accurate(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady)
    (card,) = headlines(study)
    best, pick = card.picks
    assert best.method == "INT8 (NNCF QAT)"
    assert pick.role == "Smallest that loses at most 0.5 points"
    chosen = smallest_keeping(study, "resnet8", _fitting(study, 100e3))
    assert chosen is not None
    assert pick.method == study.plan.variant(chosen.label).title
    behind = study.difference("test_accuracy", "resnet8", chosen.label, "original")
    assert pick.behind.startswith(f"{100 * behind.value:+.2f} points [".replace("-", "−"))
    assert pick.behind.endswith("to the original, paired over 6 seeds.")
    assert card.note == "Chosen on 144 validation images."


def test_the_cards_say_how_they_were_chosen_and_how_often_other_images_would_choose_another(study: Study):
    for card in headlines(study):
        found = best_within(study, card.model, 100e3)
        assert found is not None
        share = f"{100 * found.choice.changes:.0f}%"
        assert f"Chosen on 144 validation images: others like them would choose another in {share}" in card.note
        if len(card.picks) == 1:
            assert f"{len(found.undecided)} others cannot be told from it." in card.note


def test_without_validation_figures_the_interval_is_that_of_the_highest(study_of, monkeypatch):
    study = study_of(models=("resnet8",))
    given = study.per_seed
    monkeypatch.setattr(
        study,
        "per_seed",
        lambda metric, *of: np.full(6, np.nan) if metric == "validation_accuracy" else given(metric, *of),
    )
    (card,) = headlines(study)
    found = best_within(study, "resnet8", 100e3)
    assert found is not None
    assert found.level.high - found.level.low > 1.2 * (
        study.level("resnet8", found.best).high - study.level("resnet8", found.best).low
    )
    half = f"± {50 * (found.level.high - found.level.low):.2f}"
    assert card.picks[0].top1.endswith(half)
    assert f"Highest of {found.others + 1} on test images" in card.note
    assert f"Highest of {found.others + 1} on test images" in text(summary(study)[1])
    assert half in text(summary(study)[1])


def test_the_report_may_name_its_budget(study_of):
    study = study_of(report={"budget_kb": 62.5})
    (card,) = headlines(study)
    assert card.budget == "62.5 kB"
    fitting = _fitting(study, 62.5e3)
    best = max(fitting, key=lambda label: study.per_seed("validation_accuracy", "resnet8", label).mean())
    assert card.picks[0].method == study.plan.variant(best).title
    assert text(summary(study)[1]).startswith("Under 62.5 kB the most accurate is ")


def test_a_budget_that_nothing_meets_is_said(study_of):
    study = study_of(report={"budget_kb": 0.5})
    assert list(headlines(study)) == []
    for sentence in (findings(study)[0], summary(study)[1]):
        assert "resnet8: no method fits into 0.5 kB." in text(sentence)


def test_a_budget_that_one_network_alone_meets_is_said_of_the_other(study_of):
    study = study_of(models=("resnet8", "mobilenet-small"))
    sizes = {
        model: min(study.mean("payload_bytes", model, variant.label).value for variant in study.plan.methods)
        for model in study.models
    }
    between = Theme(budget_kb=sum(sizes.values()) / 2e3)
    study = Study(replace(study.results, plan=study.plan.model_copy(update={"report": between})))
    cards = {card.model: card for card in headlines(study)}
    without = max(sizes, key=sizes.__getitem__)
    assert cards[without].picks == ()
    assert cards[without].note.startswith("No method fits into ")
    assert f"{without}: no method fits into " in text(summary(study)[1])


def test_the_only_method_that_fits_is_ahead_of_nobody(study_of):
    sizes = sorted(study_of().mean("payload_bytes", "resnet8", v.label).value for v in study_of().plan.methods)
    study = study_of(report={"budget_kb": sum(sizes[:2]) / 2e3})
    assert ", the only method that fits" in text(summary(study)[1])
    (card,) = headlines(study)
    assert card.note == "The only method that fits."


def test_methods_of_which_one_seed_is_done_are_not_beaten(runs, study_of):
    later = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.seed > 0]
    (card,) = headlines(study_of(states=dict.fromkeys(later, "missing")))
    assert card.note.startswith("One seed cannot tell methods apart.")


def test_a_method_with_too_few_seeds_is_said_to_be_untested(runs, study_of):
    few = [
        cell.name
        for cell in runs(models=("resnet8",)).cells()
        if cell.seed > 0 and cell.variant == "magnitude:sparsity=0.9"
    ]
    assert few
    study = study_of(states=dict.fromkeys(few, "missing"))
    assert "1 other with too few seeds to be tested" in text(summary(study)[1])


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


def test_one_seed_says_that_it_cannot_tell_methods_apart(study_of):
    (card,) = headlines(study_of(models=("resnet8",), seeds=(0,)))
    assert card.note.startswith("One seed cannot tell methods apart.")


def test_the_counts_of_the_paragraph_are_those_of_the_verdicts(study: Study):
    said = text(summary(study)[1])
    words = [wording.word(claim) for claim in claims(study).values()]
    identical = words.count("identical answers")
    first = f"identical answers for {identical} of {len(words)}, " if identical else ""
    of_all = "" if identical else f" of {len(words)}"
    assert f": {first}same for {words.count('same')}{of_all} (power " in said
    assert f"), changed for {words.count('changed')}, can't tell for {words.count(CANT_TELL)}; same: " in said
    assert f"The inside: {wording.counted_insides(insides_of(study))}; same: within 0.1 seed-equivalents" in said
    assert "Farthest goes Magnitude (sparsity 0.95)" in said


def test_nothing_done_is_said(runs, study_of):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    study = study_of(states=dict.fromkeys(names, "missing"))
    assert [text(sentence) for sentence in summary(study)][1] == "No method has a result yet."
    assert list(headlines(study)) == []


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


def test_a_card_leaves_out_a_distance_that_there_is_not(small, tmp_path):
    (card,) = headlines(Study(load(small.write(tmp_path))))
    assert "nan" not in card.picks[0].inside
