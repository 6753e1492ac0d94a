"""Recipes, and what of them a profile may override."""

from __future__ import annotations

import re
import tomllib
from dataclasses import FrozenInstanceError, asdict, fields, replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from bench.training.recipe import ALWAYS, Recipe
from bench.zoo import resnet8

RECIPES = TypeAdapter(Recipe)


def test_an_override_changes_one_field_alone():
    overridden = RECIPES.validate_python({**asdict(resnet8.RECIPE), "epochs": 3})
    assert overridden.epochs == 3
    assert asdict(overridden) == {**asdict(resnet8.RECIPE), "epochs": 3}


@pytest.mark.parametrize("epochs", [3, 0.5])
def test_epochs_keep_their_kind(epochs):
    # So that the same recipe, written differently, has the same JSON and so the same key.
    assert type(RECIPES.validate_python({"epochs": epochs}).epochs) is type(epochs)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": -1},
        {"batch_size": 0},
        {"learning_rate": 0},
        {"warmup": 1},
        {"momentum": 1},
        {"cutout": -1},
        {"lr": 1},
        {"optimizer": "rmsprop"},
        {"schedule": "Cosine"},
        {"devices": 0},
        {"keep": "first"},
    ],
)
def test_values_out_of_range_and_unknown_fields_are_refused(wrong):
    with pytest.raises(ValidationError):
        RECIPES.validate_python(wrong)


def test_a_recipe_does_not_change():
    with pytest.raises(FrozenInstanceError):
        Recipe().epochs = 1


def test_fields_at_their_default_that_came_later_are_no_part_of_a_key():
    assert set(Recipe().spec()) == set(ALWAYS)
    assert replace(Recipe(), devices=4).spec() == {**Recipe().spec(), "devices": 4}
    assert RECIPES.validate_python(Recipe(epochs=3).spec()) == Recipe(epochs=3)


@pytest.mark.parametrize(
    ("contradictory", "words"),
    [
        ({"final_learning_rate": 1e-6}, "final_learning_rate is where a cosine ends; the schedule is 'one-cycle'"),
        ({"schedule": "cosine", "final_learning_rate": 1.0}, "must not be above learning_rate, given 1 and 0.1"),
        ({"step_factor": 0.7}, "step_factor belongs to the schedule 'step'"),
        ({"schedule": "step", "milestones": (3, 2)}, "milestones rise from epoch to epoch, given [3, 2]"),
        ({"schedule": "step", "milestones": (3,), "step_epochs": 2}, "give milestones or step_epochs, not both"),
        ({"milestones": (3,)}, "milestones belongs to the schedule 'step'; the schedule is 'one-cycle'"),
        ({"schedule": "cosine", "step_epochs": 10}, "step_epochs belongs to the schedule 'step'"),
    ],
)
def test_fields_that_contradict_one_another_are_named(contradictory, words):
    (problem,) = replace(Recipe(), **contradictory).problems()
    assert words in problem
    assert not Recipe().problems()


def test_only_fields_that_somebody_wrote_contradict():
    steps = replace(Recipe(), schedule="cosine", step_epochs=1, step_factor=0.7)  # of a model whose recipe is by steps
    assert not steps.problems(["schedule"])
    assert steps.problems(["schedule", "step_epochs"]) == [
        "step_epochs belongs to the schedule 'step'; the schedule is 'cosine'"
    ]


DOCUMENT = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_document_names_every_field_with_its_default():
    transforms = {"center_crop", "random_crop", "random_resized_crop", "crop_scale", "interpolation", "auto_augment",
                  "randaugment_operations", "randaugment_magnitude", "color_jitter"}  # fmt: skip
    for name in {field.name for field in fields(Recipe)} - transforms:
        assert f"`{name}" in DOCUMENT, name
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", DOCUMENT, flags=re.MULTILINE)
    defaults = {name: tomllib.loads(f"value = {text.strip('` ')}")["value"] for name, text in rows}
    assert len(defaults) > 10
    assert defaults == {name: asdict(Recipe())[name] for name in defaults}


def test_the_documents_recipes_are_recipes():
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    recipes = [RECIPES.validate_python({**asdict(Recipe()), **tomllib.loads(text)["training"]}) for text in examples]
    assert [recipe.optimizer for recipe in recipes] == ["adam", "sgd", "sgd", "adam"]
    assert not any(recipe.problems() for recipe in recipes)
