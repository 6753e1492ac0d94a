"""Profiles of published studies: the recipes are the authors', and every method knows its settings."""

from __future__ import annotations

import pytest

from bench import profile
from bench.zoo.networks import catalogue

RESNET18, RESNET50 = "torchvision:resnet18", "torchvision:resnet50"


def rates(recipe):
    return recipe.optimizer, recipe.learning_rate, recipe.schedule, recipe.epochs, recipe.weight_decay


def test_pqf_on_imagenet():
    asked = profile.load("imagenet-pqf")
    tuned = asked.finetuning[RESNET18]
    assert rates(tuned) == ("adam", 1e-3, "cosine", 9, 0)
    assert (tuned.final_learning_rate, tuned.warmup, tuned.label_smoothing) == (1e-6, 0, 0)
    assert [asked.finetuning[name].batch_size for name in (RESNET18, RESNET50)] == [128, 64]
    assert (tuned.resize, tuned.random_crop, tuned.center_crop, tuned.random_resized_crop) == (256, 224, 224, 0)


def test_pca_on_imagenet():
    asked = profile.load("imagenet-pca")
    tuned = asked.finetuning[RESNET18]
    assert rates(tuned) == ("sgd", 0.1, "step", 90, 1e-4)
    assert (tuned.step_epochs, tuned.step_factor, tuned.decay, tuned.nesterov) == (30, 0.1, "all", False)
    labels = {variant.label.partition(":")[0] for variant in asked.variants}
    assert {"pca", "pca-hessian", "pca-iterative"} <= labels


def test_pca_on_mnist():
    asked = profile.load("mnist-pca")
    for recipe in (asked.recipes["mnist-cnn"], asked.finetuning["mnist-cnn"]):
        assert rates(recipe) == ("adadelta", 1.0, "step", 14, 0)
        assert (recipe.step_epochs, recipe.step_factor, recipe.batch_size) == (1, 0.7, 64)


@pytest.mark.parametrize("name", ["imagenet-pqf", "imagenet-pca", "imagenet"])
def test_published_networks_are_the_originals(name):
    asked = profile.load(name)
    assert {entry.weights for entry in asked.file.models} == {"IMAGENET1K_V1"}
    assert all(recipe.epochs == 0 for recipe in asked.recipes.values())
    assert asked.file.exploratory and asked.file.seeds == [0]
    for entry in asked.file.models:
        assert asked.normalisations[entry.name] == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_pqf_on_coco():
    model = "torchvision:maskrcnn_resnet50_fpn"
    asked = profile.load("coco-pqf")
    tuned = asked.finetuning[model]
    assert rates(tuned) == ("adam", 5e-5, "cosine", 4, 0)
    assert (tuned.final_learning_rate, tuned.warmup, tuned.batch_size, tuned.keep) == (1e-6, 0, 2, "best")
    assert (tuned.resize, tuned.batch_norm, tuned.flip) == (800, "frozen", True)
    assert asked.recipes[model].epochs == 0


def test_the_references_of_detectors():
    recipe = catalogue.recipe("torchvision:maskrcnn_resnet50_fpn")
    assert rates(recipe) == ("sgd", 0.02 / 8, "step", 26, 1e-4)
    assert (recipe.milestones, recipe.batch_size, recipe.nesterov, recipe.decay) == ((16, 22), 2, False, "all")
