"""What the workbench counts is what a method called, and every built-in method declares it truly."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch

from bench import registry
from bench.compress.budget import Budget
from bench.compress.variant import PACKAGE, parse
from bench.data import Split
from bench.footprint.compressed import Compressed
from bench.runner.cells import _workbench
from bench.runner.cells._workbench import RealWorkbench
from bench.task.classification import CLASSIFICATION
from bench.training.recipe import Recipe
from bench.zoo.networks import build

IMAGES, FINETUNING, TRAINING = 60, Recipe(epochs=6, batch_size=1), Recipe(epochs=11, batch_size=1)


def network(seed: int = 0) -> torch.nn.Module:
    return build.build("resnet8", 1, 4, 8, seed).eval()


@pytest.fixture
def workbench(monkeypatch) -> RealWorkbench:
    """A workbench whose training nudges every weight, as one step would."""

    def nudge(trained, *_, **__):
        with torch.no_grad():
            for parameter in trained.parameters():
                if parameter.is_floating_point():
                    parameter.mul_(1.001)
        return ()

    monkeypatch.setattr(_workbench.loop, "train", nudge)
    rng = np.random.default_rng(0)
    train = Split(rng.integers(0, 256, (IMAGES, 1, 8, 8), dtype=np.uint8), rng.integers(0, 4, IMAGES))
    elsewhere = safetensors.torch.save(network(2).state_dict())
    monkeypatch.setattr(RealWorkbench, "file", lambda *_: ("elsewhere.safetensors", elsewhere))
    return RealWorkbench(
        SimpleNamespace(train=train, mean=(0.5,), std=(0.25,), classes=("a", "b", "c", "d")),  # type: ignore[arg-type]
        FINETUNING,
        0,
        "cpu",
        lambda *_: None,
        training=TRAINING,
        teacher=network(1),
        fresh=network,
        trained_here=True,
        task=CLASSIFICATION,
    )


SETTINGS = {
    "import": "finetuned_epochs=2.5,trained_epochs=3",
    "han": "rounds=4",
    "pca": "rounds=3",
    "lottery-ticket": "rounds=2,epochs=1.5",
    "finetune": "epochs=2.5",
    "retrain": "epochs=2.5",
    "two-four": "epochs=2.5",
    "lamp": "rounds=4,epochs=2",
}
CHAINED = {
    "shuffled": "magnitude+shuffled:anew=true",
    "codebook-finetune": "pqf:iterations=2,swaps=10+codebook-finetune:epochs=1.5",  # not alone
    "adaround": "adaround:steps=3",  # not for minutes
    "brecq": "brecq:steps=3",
}
LABELS = [
    *(CHAINED.get(name, name) for name in registry.names(PACKAGE)),
    *(f"{name}:{settings}" for name, settings in SETTINGS.items()),
]


ROUNDS = ["han", "pca", "lamp", "group-magnitude", "taylor", "li:order=layers", "thinet:order=layers"]
MOVING = ["gradual-magnitude", "nncf-magnitude:gradual=true", "nncf-regularization", "splicing", "rigl", "set", "ac-dc"]
LABELS += ["magnitude-finetune+nncf-int8-qat", "magnitude+shuffled", "small-dense+nncf-int8-qat"]
SLOW = ("obc", "obs-prune")


@pytest.mark.parametrize(
    "label", [pytest.param(label, marks=pytest.mark.slow if label in SLOW else ()) for label in LABELS]
)
def test_every_method_declares_how_long_it_trains(label, workbench):
    variant = parse(label)
    variant.apply(Compressed(workbench.teacher, example=workbench.example), workbench)
    declared = variant.budget(FINETUNING.epochs, TRAINING.epochs)
    assert workbench.budget == Budget(IMAGES * declared.finetuned, IMAGES * declared.trained)


def test_steps_are_whole_and_an_epoch_is_the_whole_set(workbench):
    workbench.recipe = Recipe(epochs=1.4, batch_size=25)
    workbench.finetune(network(1))
    assert workbench.budget == Budget(finetuned=1.5 * IMAGES)


def test_weights_that_began_anew_are_known_thinned_and_pruned(workbench):
    thin = workbench.fresh()
    with torch.no_grad():
        for parameter in thin.parameters():
            parameter[torch.rand_like(parameter) < 0.9] = 0
    thin.conv1 = torch.nn.Conv2d(1, 2, 3)
    workbench.finetune(thin)
    assert workbench.budget.trained
    assert not workbench.budget.finetuned


def test_who_only_looks_at_initial_weights_fine_tunes(workbench):
    workbench.initial()
    workbench.finetune(deepcopy(workbench.teacher))
    assert workbench.budget.finetuned
    assert not workbench.budget.trained


def test_training_that_started_from_random_weights_began_anew(workbench):
    workbench.untrained = True
    workbench.finetune(deepcopy(workbench.teacher))
    assert workbench.budget.trained


@pytest.mark.parametrize("label", ROUNDS)
@pytest.mark.parametrize("rounds", [3, *(pytest.param(rounds, marks=pytest.mark.slow) for rounds in (4, 10, 40))])
def test_rounds_take_as_many_steps_as_one_training(label, rounds, workbench):
    workbench.recipe = Recipe(epochs=2, batch_size=7)  # 8 steps an epoch, 16 in all
    lengths = workbench.divided(2, rounds)
    assert sum(lengths) == pytest.approx(2) and {round(8 * length, 6) % 1 for length in lengths} == {0}
    name, _, order = label.partition(":")
    variant = parse(f"{name}:{order and order + ','}rounds={rounds}")
    variant.apply(Compressed(workbench.teacher, example=workbench.example), workbench)
    assert workbench.budget == Budget(finetuned=pytest.approx(2 * IMAGES))


@pytest.mark.parametrize(
    "label",
    [*MOVING, "str:trials=1", "slimming", "growing-reg", "group-norm"],
)
def test_where_masks_or_penalties_change_the_last_network_is_kept(label, workbench, monkeypatch):
    kept = []
    train = _workbench.loop.train
    monkeypatch.setattr(
        _workbench.loop, "train", lambda *given, recipe, **others: kept.append(recipe.keep) or train(*given, **others)
    )
    workbench.images.validation = workbench.images.train
    workbench.recipe, workbench.training = (Recipe(epochs=2, batch_size=20, keep="best") for _ in range(2))
    parse(label).apply(Compressed(workbench.teacher, example=workbench.example), workbench)
    assert kept[0] == "last"
    kept.clear()
    parse("magnitude-finetune").apply(Compressed(workbench.teacher, example=workbench.example), workbench)
    assert kept == ["best"]
