from __future__ import annotations

import json
import re
from itertools import chain

import numpy as np
import pytest

from bench.analysis import wording
from bench.analysis.cards import Card, cards, claim_of
from bench.analysis.choice import Choice, largest_payload
from bench.analysis.study import Study
from bench.render.story.cards import printed, ties
from bench.render.story.packed import unpacked, unpacked_intervals
from bench.render.story.page_data import card, page_data
from bench.roles import ORIGINAL
from tests import prose

QAT, PTQ, HALF = "nncf-int8-qat", "nncf-int8-ptq", "float16"


def of(label: str, *, by="validation", rivals: int = 3, model="resnet8", **about) -> Card:
    return Card("budget", model, Choice(label, by, 4, 0.25), about.pop("ties", ()), rivals, **about)


def every_card(study: Study) -> list[Card]:
    found = cards(study).values()
    steps = chain.from_iterable((*each.budgets, *each.floors, (0, each.margin)) for each in found)
    return [card for _, card in steps if card]


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-").replace("+", "")) for each in re.findall(r"[−+]?\d+\.?\d*", text)]


def test_a_card_prints_one_claim(study: Study):
    """Difference, interval and word are those of the claim, whose reference is here the control."""
    facts, claim = printed(study, of(QAT)), claim_of(study, of(QAT))
    assert facts is not None and claim is not None
    assert claim.evidence.reference == "finetune"
    reached = f"{100 * study.level('resnet8', 'finetune').value:.2f}%"
    assert facts["against"] == f"the original, fine-tuned as long ({reached})"
    assert facts["word"] == wording.verdict(claim)
    assert numbers(facts["difference"]) == [round(claim.evidence.difference.value, 2)]
    assert numbers(facts["interval"]) == [round(claim.verdict.low, 2), round(claim.verdict.high, 2)]
    assert facts["confidence"].startswith(f"{100 * claim.verdict.confidence:.4g}% interval, corrected for ")


def test_level_and_size_are_those_of_the_packed_file(study: Study):
    facts = printed(study, of(PTQ))
    assert facts is not None
    assert facts["level"] == f"{100 * study.level('resnet8', PTQ).value:.2f}%"
    assert facts["original"] == f"{100 * study.level('resnet8', ORIGINAL).value:.2f}%"
    assert (facts["size"], facts["ratio"]) == ("81.8 kB", "3.8×")
    assert largest_payload(study, "resnet8", PTQ) == pytest.approx(81_800, abs=50)


def test_a_better_method_that_fits_in_some_seeds_is_named(study: Study):
    note = printed(study, of(QAT, missed=PTQ))["note"]
    assert note.startswith("INT8 (NNCF PTQ) would be chosen, but its file fits in some seeds only.")


def test_identical_answers_say_on_how_many_images(study: Study):
    facts = printed(study, of(HALF))
    assert facts is not None
    assert (facts["word"], facts["difference"], facts["interval"]) == ("identical answers", "0.00 points", "")
    assert facts["note"].startswith("360 of 360 images in 6 seeds; at most 0.83% of new images.")


def test_a_choice_by_test_images_says_so(study: Study):
    facts = printed(study, of(PTQ, by="test"))
    assert facts is not None
    assert facts["note"] == "Chosen on test images, as validation images are missing: its result is likely too good."


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (of(PTQ, ties=(QAT,)), "One other may be just as good: INT8 (NNCF QAT)."),
        (of(PTQ, ties=(QAT, HALF)), "Two others may be just as good: INT8 (NNCF QAT) and float16."),
        (of(PTQ), "Three others are shown to be beaten."),
        (of(PTQ, rivals=2, untested=1), "One other is shown to be beaten. One had too few seeds to be tested."),
        (of(PTQ, rivals=1, untested=1), "One other had too few seeds to be tested."),
        (of(PTQ, rivals=2, untested=2), "Two others had too few seeds to be tested."),
        (of(PTQ, rivals=0), "No other method fits."),
        (of(PTQ, silent="seeds", seeds=4, ties=(QAT,)), "4 seeds are too few to test it against 3 others."),
        (of(PTQ, silent="chance", ties=(QAT,)), "With nothing to lose, no two methods can be told apart."),
    ],
)
def test_ties_are_named(study: Study, card: Card, said: str):
    assert ties(study, card) == said


def test_the_inside_is_said_in_plain_words(study: Study):
    facts = printed(study, of("magnitude:sparsity=0.95"))
    assert facts is not None
    assert facts["inside"]["word"] == "changed: farther"
    first, second, probe = prose.sentences(facts["inside"]["text"])
    assert re.fullmatch(r"By CKA, its features moved 1\.\d\d times as far as a new training moves them\.", first)
    assert re.fullmatch(r"By k-NN Jaccard, they moved 1\.\d\d times as far\.", second)
    assert re.fullmatch(r"In block [\w.]+, which decides, a probe on them loses \d\d\.\d\d points\.", probe)


def test_every_card_is_plain_english(study: Study, five: Study):
    for each in (study, five):
        facts = [printed(each, card) for card in every_card(each)]
        for one in filter(None, facts):
            texts = [one["ties"], one["inside"]["text"], one["note"]]
            said = [sentence for text in texts for sentence in prose.sentences(text)]
            assert not [sentence for sentence in said if len(prose.words(sentence)) > prose.MOST_WORDS]
            assert prose.ease([text for text in texts if text]) >= prose.EASIEST


def test_the_data_hold_the_numbers_as_they_are_printed(study: Study):
    data = page_data(study)
    json.loads(json.dumps(data, allow_nan=False))
    own, digits = data["by_network"]["resnet8"], data["digits"]
    for label, (value, low, high) in own["level"].items():
        level = study.level("resnet8", label)
        assert [value, low, high] == [round(100 * each, digits) for each in (level.value, level.low, level.high)]
    labels = own["pairs"]["labels"]
    less = study.difference("test_accuracy", "resnet8", labels[0], labels[1]).scaled(100)
    differences = unpacked_intervals(own["pairs"]["difference"], digits)
    assert differences[0] == [round(each, digits) for each in (less.value, less.low, less.high)]
    assert len(differences) == len(labels) * (len(labels) - 1) // 2
    assert len(unpacked_intervals(own["pairs"]["blocks"], 2)) == len(own["blocks"]) * len(differences)


def test_a_card_of_the_data_says_what_the_card_says(study: Study):
    for model, facts in page_data(study)["by_network"].items():
        ours = cards(study)[model]
        steps = [*zip(facts["cards"]["budget"], ours.budgets), *zip(facts["cards"]["floor"], ours.floors)]
        for (start, short), (limit, chosen) in (*steps, ((0, facts["cards"]["margin"]), (0, ours.margin))):
            assert start == limit
            strings = printed(study, chosen) or {}
            assert (card(facts, short) or {}) == {key: strings[key] for key in strings if key not in ("role", "tied")}


def test_the_first_pair_is_the_first_cards_method_and_the_original(study: Study):
    for model, own in page_data(study)["by_network"].items():
        assert (own["a"], own["b"]) == (cards(study)[model].shown[0].label, ORIGINAL)


def test_a_budget_is_never_one_that_the_original_meets(study: Study):
    for own in page_data(study)["by_network"].values():
        asked = [own["budget"]["bytes"], own["budget"]["most"], *(size for _, size in own["budget"]["presets"])]
        assert max(asked) < own["original_bytes"]
        assert own["budget"]["least"] == own["cards"]["budget"][1][0]


def test_a_missing_number_is_null(study_of, runs, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "other-seed", PTQ))
    lost = [c for c in runs(models=("resnet8",), variants=chosen).cells() if c.kind == "compress" and c.variant == PTQ]
    study = study_of(variants=chosen, states={cell.name: "failed" for cell in lost if cell.seed})
    data = page_data(study)["by_network"]["resnet8"]
    pair = data["pairs"]["labels"].index(PTQ) - 1
    seeds, digits = unpacked(data["pairs"]["seeds"], 2)[6 * pair : 6 * (pair + 1)], page_data(study)["digits"]
    assert (seeds[0] is None, seeds[1:]) == (False, [None] * 5)
    assert unpacked_intervals(data["pairs"]["difference"], digits)[pair][1:] == [None, None]
    json.dumps(data, allow_nan=False)


def test_nothing_was_measured(study_of, runs, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", PTQ))
    states = {cell.name: "failed" for cell in runs(models=("resnet8",), variants=chosen).cells()}
    data = page_data(study_of(variants=chosen, states=states))["by_network"]["resnet8"]
    assert (data["a"], data["b"], data["original_bytes"]) == (None, None, None)
    assert data["budget"] == {"bytes": 0, "presets": [], "least": 0, "most": 0}
    assert data["pairs"]["difference"] == ""
    assert np.isfinite(data["floor"]["level"])
