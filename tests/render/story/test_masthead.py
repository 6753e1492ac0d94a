from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.analysis.cards import cards
from bench.analysis.study import Study
from bench.render.kit.prose import text
from bench.render.story.limits import limits
from bench.render.story.masthead import certainty, finding, scope
from tests import prose
from tests.invented import Invented

IMAGES = 4000
QAT, PTQ = "nncf-int8-qat", "nncf-int8-ptq"
Lost = Callable[[int], int]


@pytest.fixture
def told(study_of, variants) -> Callable[..., Study]:
    """A study of 4,000 test images in which methods answer so many fewer rightly than the original, by seed."""

    def build(lost: dict[str, Lost], *, models=("resnet8",), more: tuple[Invented, ...] = (), **changes) -> Study:
        def right(model: str, seed: int, label: str) -> np.ndarray:
            answers = np.arange(IMAGES) < 3880
            fewer = lost.get(f"{model} {label}", lost.get(label, lambda seed: 0))(seed)
            answers[3880 - max(fewer, 0) : 3880 - min(fewer, 0)] = fewer < 0
            return answers

        names = {label.split()[-1] for label in lost} - {each.label for each in more}
        chosen = [variants[label] for label in ("original", "finetune", "other-seed", *sorted(names))]
        return study_of(variants=(*chosen, *more), right=right, test=IMAGES, models=models, **changes)

    return build


def few(seed: int) -> int:
    return 1 + seed % 2


def many(seed: int) -> int:
    return 120 + seed


def by_chance(seed: int) -> int:
    return 40 * (-1) ** seed


@pytest.mark.parametrize(
    ("label", "lost", "title"),
    [
        (PTQ, few, "ResNet-8 shrinks 3.8×, losing less than 0.5 points"),
        (PTQ, lambda seed: 0, "ResNet-8 shrinks 3.8× with identical answers on all 4,000 test images"),
        (PTQ, many, "ResNet-8 shrinks 3.8× but loses 3.06 points"),
        (PTQ, lambda seed: -40 - seed, "ResNet-8 shrinks 3.8× and gains 1.06 points"),
        (
            PTQ,
            by_chance,
            "ResNet-8 shrinks 3.8×; whether it loses 0.5 points can't be told from 6 trainings and 4,000 images",
        ),
        (QAT, few, "ResNet-8 shrinks 3.8×, losing less than 0.5 points against fine-tuning alone"),
    ],
)
def test_the_title_says_no_more_than_the_word(told, label: str, lost: Lost, title: str):
    assert finding(told({label: lost})) == title


def test_few_seeds_say_nothing_of_what_is_lost(told):
    assert finding(told({PTQ: few}, seeds=(0, 1, 2))) == (
        "ResNet-8 shrinks 3.8×; 3 trainings cannot tell whether it loses 0.5 points"
    )


@pytest.mark.parametrize("seeds", [(0, 1, 2), (0, 1, 2, 3, 4, 5)])
def test_a_smaller_file_at_any_loss_is_no_finding_where_no_word_is_given(told, seeds):
    tiny = Invented("tiny", "Tiny", "pruning", 0.05)
    study = told({PTQ: by_chance, "tiny": lambda seed: 1500 * (-1) ** seed + 900}, more=(tiny,), seeds=seeds)
    assert {card.label for card in cards(study)["resnet8"].shown} == {PTQ, "tiny"}
    assert finding(study).startswith("ResNet-8 shrinks 3.8×;") and "whether it loses 0.5 points" in finding(study)


def test_a_loss_that_nothing_is_said_of_is_not_called_unknown(told):
    tiny = Invented("tiny", "Tiny", "pruning", 0.05)
    study = told({"tiny": many}, more=(tiny,), seeds=(0, 1, 2))
    assert finding(study) == "ResNet-8 shrinks 20×; 3 trainings are too few to judge its loss"


def test_a_network_at_chance_has_nothing_to_lose(study_of, variants, guessing):
    chosen = tuple(variants[label] for label in ("original", "finetune", "other-seed", PTQ))
    study = study_of(variants=chosen, right=guessing)
    assert finding(study) == "ResNet-8 has nothing to lose: it is not shown to beat chance"


def test_without_a_control_of_its_length_there_is_no_word(told):
    long = Invented("mine", "Mine", "pruning", 0.1, finetunes=True, epochs=(99, 0))
    assert finding(told({"mine": few}, more=(long,))) == (
        "ResNet-8 shrinks 10×; nothing trained as long to compare it with"
    )


def test_a_method_that_makes_nothing_smaller(told):
    large = Invented("mine", "Mine", "pruning", 1.2)
    assert finding(told({"mine": few}, more=(large,))) == "No method makes ResNet-8 smaller"


def test_nothing_was_measured(study_of, runs, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", PTQ))
    states = {cell.name: "failed" for cell in runs(models=("resnet8",), variants=chosen).cells()}
    study = study_of(variants=chosen, states=states)
    assert finding(study) == "No method has a result yet"
    assert len(list(limits(study))) == 5
    assert text(scope(study)).startswith("1 network · 1 method · 6 seeds · 360 test images · exploratory. ")


def test_without_its_original_nothing_is_told_of_a_network(study_of, runs, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", PTQ))
    cells = runs(models=("resnet8",), variants=chosen).cells()
    lost = {cell.name: "failed" for cell in cells if cell.kind == "compress" and cell.variant == "original"}
    assert finding(study_of(variants=chosen, states=lost)) == "No original has a result to compare with"


@pytest.mark.parametrize(
    ("models", "lost", "title"),
    [
        (
            ("resnet8", "wrn16_4"),
            {PTQ: few},
            "ResNet-8 shrinks 3.8× and WRN-16-4 3.8×, each losing less than 0.5 points",
        ),
        (
            ("resnet8", "mine"),
            {f"resnet8 {PTQ}": few, f"mine {PTQ}": by_chance},
            "ResNet-8 shrinks 3.8×, losing less than 0.5 points; "
            "mine shrinks 3.8×, and whether it loses 0.5 points can't be told",
        ),
        (
            ("resnet8", "resnet20", "vgg16_bn"),
            {f"resnet8 {PTQ}": few, f"resnet20 {PTQ}": few, f"vgg16_bn {PTQ}": many},
            "2 of 3 networks shrink 3.8×, each losing less than 0.5 points",
        ),
    ],
)
def test_several_networks(told, models, lost, title):
    assert finding(told(lost, models=models)) == title


def test_the_first_screen_says_how_sure_its_numbers_are(study: Study):
    said = list(certainty(study))
    assert said[:2] == ["We ask for 12 seeds before a claim.", "One test image is worth 0.28 points."]
    assert said[2].startswith("The accuracy of ResNet-8 is 97.")
    assert said[2].endswith(", for new trainings and new test images.")
    assert said[3].startswith("New trainings alone vary it by ± 0.")


def test_twelve_seeds_are_not_exploratory(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", PTQ))
    study = study_of(variants=chosen, seeds=tuple(range(12)))
    assert " · not exploratory. One test image" in text(scope(study))


def test_head_and_limits_are_plain_english(study: Study, five: Study):
    for each in (study, five):
        texts = [finding(each), text(scope(each)), *map(text, limits(each))]
        said = [sentence for one in texts for sentence in prose.sentences(one)]
        assert not [sentence for sentence in said if len(prose.words(sentence)) > prose.MOST_WORDS]
        assert prose.ease(texts) >= prose.EASIEST
