from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.budget import best_within
from bench.analysis.claims import claims, losses
from bench.analysis.departures import blocks
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.render.kit.prose import text
from bench.render.text import findings
from bench.render.text.within import against_others, paragraph, within_budget


def said(study: Study) -> str:
    return " ".join(text(sentence) for sentence in findings.findings(study))


def together(sentences) -> str:
    return text(paragraph(sentences))


def steady(**accuracies: float):
    """Accuracies that differ between seeds alike for all, and so leave no spread in differences but a little."""

    def accuracy(model: str, seed: int, label: str) -> float:
        own = accuracies.get(label.replace("-", "_"), 90.0)
        return own + 0.2 * seed + 0.01 * ((seed * 7 + len(label)) % 3)

    return accuracy


def test_the_smallest_that_loses_little_on_validation_is_named_with_its_test_difference(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16", "nncf-int8-ptq"))
    study = study_of(variants=chosen, accuracy=steady(original=95, finetune=95, float16=95, nncf_int8_ptq=90))
    assert together(findings.unchanged_accuracy(study, "resnet8")) == (
        "The smallest that loses at most 0.5 points on validation images is float16 at 156.1 kB. On test images "
        "accuracy changes by 0.00 points [−0.02, +0.02] from the original's. The word on it: same. Chosen on 144 "
        "validation images."
    )


def test_where_none_is_shown_the_number_of_seeds_that_would_tell_is_given(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "nncf-int8-ptq"))

    def noisy(model: str, seed: int, label: str) -> float:
        return 95 + (0.9 * (-1) ** seed if label == "nncf-int8-ptq" else 0)

    sentence = together(findings.unchanged_accuracy(study_of(variants=chosen, accuracy=noisy), "resnet8"))
    assert "No method was shown to match its reference within ±0.5 points. If there were no difference, " in sentence
    assert sentence.endswith("seeds would tell.")


def test_where_all_are_shown_to_differ_no_number_of_seeds_is_given(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "nncf-int8-ptq"))
    study = study_of(variants=chosen, accuracy=steady(original=95, finetune=95, nncf_int8_ptq=90))
    sentence = together(findings.unchanged_accuracy(study, "resnet8"))
    assert sentence.endswith("No method was shown to match its reference within ±0.5 points. All have changed.")


def test_the_inside_is_told_in_each_of_its_words(study: Study):
    changed, unsure = map(text, findings.inside(study, "resnet8"))
    assert changed.startswith("The inside has changed for ")
    assert unsure.startswith("The inside can't be told for ")
    assert "float16, INT8 (NNCF PTQ)" in unsure  # 64 probe images show no loss to be below half a point


def test_every_sentence_agrees_with_the_verdicts(study: Study):
    unsure = [key for key, claim in claims(study).items() if key[2] == "accuracy" and claim.undecided]
    assert f"Can't tell for {len(unsure)} of 22 compressed networks." in said(study)


def test_one_seed_tells_nothing(study_of):
    study = study_of(models=("resnet8",), seeds=(0,))
    assert "One seed is too few to compare methods." in together(within_budget(study, "resnet8"))
    assert "there were no difference" not in said(study)


def test_what_loses_little_to_the_best_is_counted(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady, report={"budget_kb": 100})
    found = best_within(study, "resnet8", 100e3)
    assert found is not None
    sentence = together(within_budget(study, "resnet8"))
    assert "Two are shown to lose less than 0.5 points to it." in sentence
    assert "just as good" not in sentence


def test_one_that_loses_little_is_counted(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady)
    found = best_within(study, "resnet8", 100e3)
    assert found is not None
    one = replace(found, close=found.close[:1], undecided=found.close)
    assert list(against_others(study, one)) == [
        "Two others may be just as good.",
        "One of them is shown to lose less than 0.5 points to it.",
    ]


def test_what_cannot_be_told_from_the_best_is_counted(study_of):
    study = study_of(report={"budget_kb": 100})
    assert "Two others may be just as good." in together(within_budget(study, "resnet8"))


def test_a_method_that_lacks_a_seed_is_named_with_its_seeds(runs, study_of):
    cell = "compare/resnet8/0/nncf-int8-ptq"
    assert cell in [each.name for each in runs(models=("resnet8",)).cells()]
    study = study_of(models=("resnet8",), states={cell: "missing"})
    assert "INT8 (NNCF PTQ) (n = 5)" in together(findings.inside(study, "resnet8"))


@pytest.mark.parametrize("kind", ["missing", "failed"])
def test_a_model_without_results_has_one_sentence(runs, study_of, kind: str):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert said(study_of(states=dict.fromkeys(names, kind))) == "ResNet-8: no method has a result."


def test_families_are_told_apart(study: Study):
    (said,) = (text(each) for each in findings.by_family(study, "resnet8"))
    feature, alpha = study.plan.features[0], study.plan.alpha
    for family in {variant.family for variant in study.plan.methods}:
        labels = [variant.label for variant in study.plan.methods if variant.family == family]
        judged = {label: inside_claims(study)["resnet8", label] for label in labels}
        changed = [label for label, each in judged.items() if each.changed]
        middle = np.median([each.measures["debiased-cka"].distance.value for each in judged.values()])
        below = [
            claim
            for claim in blocks(study)
            if (claim.model, claim.feature, claim.measure) == ("resnet8", feature, "debiased-cka")
            and claim.variant in changed
            and claim.p_corrected <= alpha
        ]
        block = min(below, key=lambda claim: claim.depth).block if below else ""
        first = f", and the first block that changed is {block}" if below else ""
        methods = f"{len(labels)} method{'s' * (len(labels) != 1)}"
        whose = f"the median distance of all {len(labels)}" if len(labels) > 1 else "its distance"
        far = f"By CKA, {whose} is {middle:.2f} seed-equivalents"
        assert f"{family.capitalize()}: inside changed for {len(changed)} of {methods}. {far}{first}." in said


def test_where_nothing_was_judged_no_block_is_named(study_of):
    for said in findings.by_family(study_of(seeds=(0,)), "resnet8"):
        assert "from " not in text(said)


def test_one_family_is_not_compared(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16", "nncf-int8-ptq"))
    assert list(findings.by_family(study_of(variants=chosen), "resnet8")) == []


def test_what_is_lost_to_the_original_is_counted_and_not_judged(study: Study):
    sentence = together(findings.less_original(study, "resnet8"))
    shown = [lost.difference.value for (model, _), lost in losses(study).items() if model == "resnet8" and lost.shown]
    worse = sum(value < 0 for value in shown)
    assert f"accuracy is lower for {worse} and higher for {len(shown) - worse} of 5 methods" in sentence
    assert "Benjamini-Hochberg" in sentence


def test_at_few_seeds_nothing_is_counted(study_of):
    assert list(findings.less_original(study_of(seeds=(0, 1, 2)), "resnet8")) == []


def test_where_every_reference_is_the_original_nothing_is_counted(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16", "nncf-int8-ptq"))
    assert list(findings.less_original(study_of(variants=chosen), "resnet8")) == []


def test_where_words_are_withheld_no_method_is_said_to_lead(study_of):
    study = study_of(seeds=(0, 1, 2), report={"budget_kb": 100})
    spoken = said(study) + together(within_budget(study, "resnet8"))
    assert "3 seeds are too few to compare methods" in spoken
    for claimed in ("ahead of", "just as good", "is shown to", "are shown to", "has changed"):
        assert claimed not in spoken


def test_where_there_is_nothing_to_lose_the_story_says_so_and_claims_nothing(study_of, guessing):
    study = study_of(right=guessing)
    spoken = said(study) + together(within_budget(study, "resnet8"))
    assert "Nothing to lose: the original's accuracy is not shown to beat chance (10.00%)." in spoken
    for claimed in ("ahead of", "is shown to be", "are shown to", "has changed", "Against the original itself"):
        assert claimed not in spoken


def test_only_the_most_accurate_is_called_the_highest(study_of, monkeypatch):
    study = study_of(report={"budget_kb": 100})
    given = study.per_seed
    lacking = np.full(6, np.nan)
    monkeypatch.setattr(study, "per_seed", lambda name, *of: lacking if "validation" in name else given(name, *of))
    assert "Highest of" in together(within_budget(study, "resnet8"))
    assert "The smallest of 11 on test images" in together(findings.unchanged_accuracy(study, "resnet8"))
