"""Training: it learns, it repeats itself, it says when it fails, and it does what it is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.data import Split
from bench.errors import InputError
from bench.training.distillation import Distillation
from bench.training.evaluate import logits
from bench.training.loop import Diverged, train
from bench.training.recipe import Recipe
from bench.zoo import resnet8
from bench.zoo.networks.build import build

NORMAL = {"mean": (0.3,), "std": (0.4,), "device": "cpu"}
RECIPE = Recipe(epochs=2, batch_size=50, flip=False, crop_padding=1)


def small(seed: int = 0, dropout: float = 0.0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*layers, nn.Dropout(dropout), nn.Flatten(), nn.Linear(64, 10))


def state(network: nn.Module) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in network.state_dict().values()]


def trained(split: Split, seed: int = 0, recipe: Recipe = RECIPE, dropout: float = 0.0, **options) -> nn.Module:
    network = small(dropout=dropout)
    train(network, split, recipe=recipe, seed=seed, **NORMAL, **options)
    return network


def test_digits_are_learnt(digits):
    network = build("resnet8", 1, 10, 8, seed=0)
    images, test = digits
    history = train(network, images, recipe=replace(resnet8.RECIPE, epochs=4), seed=0, validation=test, **NORMAL)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[1]["loss"] < history[0]["loss"]
    found = logits(network, test.images, NORMAL["mean"], NORMAL["std"], "cpu")
    accuracy = np.mean(found.argmax(1) == test.labels)
    assert accuracy > 0.93
    assert history[-1]["validation_accuracy"] == accuracy


def test_the_same_seed_gives_the_same_bytes(few):
    assert state(trained(few, seed=1, dropout=0.5)) == state(trained(few, seed=1, dropout=0.5))
    assert state(trained(few, seed=1)) != state(trained(few, seed=2))


def test_dropout_draws_from_the_seed_and_the_global_state_stays(few):
    torch.manual_seed(1)
    first = trained(few, dropout=0.5)
    drawn = torch.rand(2)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(2), drawn)
    assert state(trained(few, dropout=0.5)) == state(first)


def test_validation_and_progress_change_nothing(few):
    watched = trained(few, validation=few, progress=lambda *_: None)
    assert state(watched) == state(trained(few))


def test_the_network_ends_in_eval_mode_with_contiguous_weights(few):
    network = trained(few)
    assert not any(module.training for module in network.modules())
    assert all(tensor.is_contiguous() for tensor in network.state_dict().values())


def test_a_network_whose_views_need_the_usual_layout_is_trained_and_evaluated(few):
    class Views(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(144, 10)

        def forward(self, images):
            maps = self.conv(images).relu()
            return self.head(maps.view(len(maps), -1))

    network = Views()
    history = train(network, few, recipe=RECIPE, seed=0, validation=few, **NORMAL)
    assert history[-1]["loss"] < history[0]["loss"]
    assert logits(network, few.images, NORMAL["mean"], NORMAL["std"], "cpu").shape == (200, 10)


def test_read_only_images_will_do(few, recwarn):
    frozen = Split(few.images.copy(), few.labels.copy())
    frozen.images.flags.writeable = frozen.labels.flags.writeable = False
    assert state(trained(frozen)) == state(trained(few))
    assert not [warning for warning in recwarn if "writable" in str(warning.message)]


def test_the_history_has_no_clock(few):
    rows = train(small(), few, recipe=RECIPE, seed=0, **NORMAL)
    assert [set(row) for row in rows] == [{"epoch", "loss", "learning_rate"}] * 2


def test_progress_is_told_after_each_epoch(few):
    told = []
    rows = train(small(), few, recipe=RECIPE, seed=0, progress=lambda *news: told.append(news), **NORMAL)
    assert told == [(1, 2, rows[0]["loss"]), (2, 2, rows[1]["loss"])]


def test_a_part_of_an_epoch_is_a_number_of_steps(few):
    steps = []
    recipe = replace(RECIPE, epochs=1.5)
    rows = train(small(), few, recipe=recipe, seed=0, after_step=lambda *at: steps.append(at), **NORMAL)
    assert steps == [(step, 6) for step in range(6)]
    assert [row["epoch"] for row in rows] == [1, 2]


def test_no_epochs_change_nothing(few):
    assert state(trained(few, recipe=replace(RECIPE, epochs=0))) == state(small())


def test_hooks_stand_around_the_step(few):
    network, seen = small(), []
    weight = network[0].weight

    def note(place: str):
        return lambda step, steps: seen.append((place, step, weight.detach().clone()))

    hooks = {"before_step": note("before"), "after_step": note("after")}
    train(network, few, recipe=replace(RECIPE, epochs=0.5), seed=0, **NORMAL, **hooks)
    assert [(place, step) for place, step, _ in seen] == [("before", 0), ("after", 0), ("before", 1), ("after", 1)]
    weights = [value for *_, value in seen]
    assert not torch.equal(weights[0], weights[1])
    assert torch.equal(weights[1], weights[2])


def test_what_a_hook_sets_after_a_step_stays(few):
    network = small()
    mask = torch.arange(36).reshape(4, 1, 3, 3) % 2

    def prune(step: int, steps: int) -> None:
        with torch.no_grad():
            network[0].weight.mul_(mask)

    train(network, few, recipe=RECIPE, seed=0, after_step=prune, **NORMAL)
    assert torch.equal(network[0].weight != 0, mask.bool())


def test_a_hook_may_change_the_memory_layout_of_a_weight(few):
    def trained_with(after_step) -> torch.Tensor:
        network = small()
        network[0] = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1))
        network[0].load_state_dict(weights)
        train(network, few, recipe=RECIPE, seed=0, after_step=after_step(network), **NORMAL)
        return network[0][1].weight

    def swap(network: nn.Module):
        weight = network[0][1].weight

        def hook(step: int, steps: int) -> None:
            weight.data = weight.data.contiguous()

        return hook

    weights = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)).state_dict()
    torch.testing.assert_close(trained_with(swap), trained_with(lambda network: None))


def test_only_the_parameters_given_are_trained(few):
    network = small()
    before = network[0].weight.detach().clone()
    train(network, few, recipe=RECIPE, seed=0, parameters=network[6].parameters(), **NORMAL)
    assert torch.equal(network[0].weight, before)
    assert not torch.equal(network[6].weight, small()[6].weight)


def test_not_a_number_is_divergence(few):
    with pytest.raises(Diverged, match=r"loss nan in epoch 1, at learning rate"):
        trained(few, recipe=replace(RECIPE, learning_rate=1e30))


def test_weights_that_break_in_the_last_step_are_noticed(few):
    network = small()

    def poison(step: int, steps: int) -> None:
        if step == steps - 1:
            network[6].bias.data[0] = float("inf")

    with pytest.raises(Diverged, match="weights are not finite"):
        train(network, few, recipe=RECIPE, seed=0, after_step=poison, **NORMAL)
    assert not network.training


def test_too_far_a_shift_is_refused(few):
    with pytest.raises(InputError, match="crop_padding must be smaller than the images' side of 8 pixels, given 8"):
        trained(few, recipe=replace(RECIPE, crop_padding=8))


def test_a_teacher_changes_what_is_learnt(few):
    teacher = small(seed=9)
    alone, taught = trained(few), trained(few, teacher=teacher)
    assert state(alone) != state(taught)
    assert state(teacher) == state(small(seed=9))


def test_a_teacher_without_weight_changes_nothing(few):
    listener = trained(few, teacher=small(seed=9), distillation=Distillation(weight=0.0))
    for own, other in zip(listener.parameters(), trained(few).parameters(), strict=True):
        torch.testing.assert_close(own, other)


def test_a_student_of_itself_stays_what_it_is(few):
    # Without batch norm, whose batch statistics are no teacher's, the two agree from the start.
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    teacher = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    teacher.load_state_dict(network.state_dict())
    before = network[1].weight.detach().clone()
    only_teacher = Distillation(weight=1.0)
    recipe = replace(RECIPE, weight_decay=0.0)
    train(network, few, recipe=recipe, seed=0, teacher=teacher, distillation=only_teacher, **NORMAL)
    torch.testing.assert_close(network[1].weight, before, atol=1e-5, rtol=0)
