from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.reference import reference, references
from bench.analysis.results import load
from bench.analysis.study import Study
from tests.invented import CONTROLS as ALWAYS
from tests.invented import METHODS, Invented, Runs

ORIGINAL, FINETUNE, OTHER_SEED, RANDOM = ALWAYS
LONGER = Invented("finetune:epochs=10", "Fine-tuned (10 epochs)", "control", finetunes=True, epochs=(10, 0))
ANEW = Invented("retrain:epochs=5", "Trained anew (5 epochs)", "control", finetunes=True, epochs=(0, 5))


def method(label: str, finetuned: float, trained: float) -> Invented:
    return Invented(label, label, "pruning", finetunes=True, epochs=(finetuned, trained))


def made(folder: Path, *variants: Invented, **runs: object) -> Study:
    """A study of runs that record what was called: the recipes are of 20 epochs and of 5 for fine-tuning."""
    always = (ORIGINAL, replace(FINETUNE, epochs=(5, 0)), OTHER_SEED, RANDOM)
    return Study(load(Runs(("resnet8",), (0, 1, 2), (*always, *variants), **runs).write(folder)))  # type: ignore[arg-type]


def test_older_runs_take_the_reference_from_the_plan(study: Study):
    chain = "magnitude-finetune:sparsity=0.9+nncf-int8-ptq"
    labels = ("float16", "magnitude:sparsity=0.9", "nncf-int8-qat", chain)
    asked = {label: reference(study, "resnet8", label) for label in labels}
    assert [(of.kind, of.label, of.inside_label) for of in asked.values()] == [
        ("original", "original", "original"),
        ("original", "original", "original"),
        ("control", "finetune", "finetune"),
        ("control", "finetune", "finetune"),
    ]
    assert asked["nncf-int8-qat"].epochs == 5


def test_a_control_is_compared_with_the_original(study: Study):
    assert {reference(study, "resnet8", variant.label).label for variant in ALWAYS} == {"original"}


@pytest.mark.parametrize(
    ("finetuned", "trained", "expected"),
    [
        (0, 0, ("original", "original", "original")),
        (5, 0, ("control", "finetune", "finetune")),
        (4.95, 0, ("control", "finetune", "finetune")),  # rounded to whole steps
        (10, 0, ("control", "finetune:epochs=10", "finetune:epochs=10")),
        (0, 20, ("retrained", "original", "other-seed")),
        (10, 20, ("retrained", "finetune:epochs=10", "other-seed")),  # a chain: the dense network trained for 30 too
        (0, 5, ("retrained", "retrain:epochs=5", "other-seed")),
    ],
)
def test_the_reference_follows_from_what_was_called(tmp_path: Path, finetuned: float, trained: float, expected: tuple):
    study = made(tmp_path, LONGER, ANEW, method("mine", finetuned, trained))
    found = reference(study, "resnet8", "mine")
    assert (found.kind, found.label, found.inside_label) == expected
    assert found.budget == pytest.approx(1293 * (finetuned + trained))
    assert found.epochs == pytest.approx(finetuned + trained)
    assert found.reason == ""


def test_a_length_that_no_control_has_is_said(tmp_path: Path):
    study = made(tmp_path, method("long", 7, 0), method("anew", 0, 3))
    long, anew = reference(study, "resnet8", "long"), reference(study, "resnet8", "anew")
    assert (long.label, long.inside_label, long.reason) == (None, None, "No control was fine-tuned for its 7 epochs.")
    assert (anew.label, anew.inside_label) == (None, "other-seed")
    assert anew.reason == "No dense network was trained for its 3 epochs in all."


def test_what_was_recorded_counts_and_not_what_the_plan_says(tmp_path: Path):
    declared = replace(METHODS[0], finetunes=False, epochs=(5, 0))  # float16 that fine-tuned all the same
    assert reference(made(tmp_path, declared), "resnet8", "float16").label == "finetune"


def test_a_control_that_failed_stays_the_reference(tmp_path: Path):
    states = {f"compress/resnet8/{seed}/finetune": "failed" for seed in (0, 1, 2)}
    study = made(tmp_path, method("mine", 5, 0), states=states)
    assert reference(study, "resnet8", "mine").label == "finetune"


def test_every_variant_of_every_network_has_one(study: Study):
    assert set(references(study)) == {(m, v.label) for m in study.models for v in study.plan.variants}
