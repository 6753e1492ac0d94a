"""Trainings that are interrupted go on, and end in the bytes of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from bench.data import Split
from bench.training.checkpoints import Checkpoints, kept_in, tensors_of
from bench.training.hooks import on_tensors
from bench.training.loop import train
from bench.training.recipe import Recipe

RECIPE = Recipe(epochs=3, batch_size=50, learning_rate=0.05)
NORMAL = {"mean": [0.3], "std": [0.35], "device": "cpu"}
STEPS = 12  # 3 epochs of 4


class Killed(KeyboardInterrupt):
    pass


def small(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3, padding=1, groups=2), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(256, 10),
    )  # fmt: skip


def state(network: nn.Module) -> bytes:
    return safetensors.torch.save(
        {name: tensor.detach().contiguous().clone() for name, tensor in tensors_of(network).items()}
    )


def dying_at(step: int):
    @on_tensors
    def hook(number: int, steps: int) -> None:
        if number == step:
            raise Killed

    return hook


def gone_on(split: Split, folder: Path, died: int, recipe: Recipe = RECIPE, minutes: float = 0, make=small, **options):
    """Network and history of a training that died after a step and was started again; and how many steps that took."""
    steps = []
    with pytest.raises(Killed), kept_in(folder) as checkpoints:
        checkpoints.minutes = minutes
        train(make(), split, recipe=recipe, seed=5, checkpoints=checkpoints, after_step=dying_at(died), **NORMAL,
              **options)  # fmt: skip
    network = make()
    with kept_in(folder) as checkpoints:
        note = on_tensors(lambda step, _: steps.append(step))
        history = train(
            network, split, recipe=recipe, seed=5, checkpoints=checkpoints, after_step=note, **NORMAL, **options
        )
    return network, history, steps


def straight(split: Split, recipe: Recipe = RECIPE, make=small, **options):
    network = make()
    return network, train(network, split, recipe=recipe, seed=5, **NORMAL, **options)


RECIPES = {
    "sgd": RECIPE,
    "adam": replace(RECIPE, optimizer="adam", learning_rate=1e-3, schedule="cosine"),
    "adamw": replace(RECIPE, optimizer="adamw", learning_rate=1e-3, schedule="constant"),
    "adadelta": replace(RECIPE, optimizer="adadelta", learning_rate=1.0, schedule="step", step_epochs=1),
    "plain": replace(RECIPE, momentum=0.0, decay="all"),
    "best": replace(RECIPE, keep="best", learning_rate=0.5),
    "a part of an epoch": replace(RECIPE, epochs=2.75),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("died", [1, 6, 7])  # in an epoch, and at either side of a step that ends one
def test_the_bytes_are_those_of_a_training_that_nothing_interrupted(few, tmp_path, name, died):
    options = {"validation": few, "recipe": RECIPES[name], "teacher": small(seed=3)}
    network, history, steps = gone_on(few, tmp_path / "cell", died, **options)
    expected, whole = straight(few, **options)
    assert steps[0] == died  # the state after the step that died was not kept any more
    assert state(network) == state(expected)
    assert history == whole
    assert not (tmp_path / "cell").exists()


def test_states_inside_an_epoch_are_seldom(few, tmp_path):
    network, _, steps = gone_on(few, tmp_path / "cell", 7, minutes=10)
    assert steps == list(range(4, STEPS))
    assert state(network) == state(straight(few)[0])


def test_a_training_that_ended_is_not_repeated(few, tmp_path):
    # A method that trains twice dies in its second training: the first is taken as it ended.
    steps = []

    def method(checkpoints: Checkpoints | None, died: int = -1) -> nn.Module:
        network = small()
        for recipe in (RECIPE, replace(RECIPE, epochs=1)):
            note = on_tensors(lambda step, _: steps.append(step))
            train(network, few, recipe=recipe, seed=5, checkpoints=checkpoints, before_step=note,
                  after_step=dying_at(died if recipe.epochs == 1 else -1), **NORMAL)  # fmt: skip
        return network

    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        method(checkpoints, died=2)
    steps.clear()
    with kept_in(tmp_path / "cell") as checkpoints:
        network = method(checkpoints)
    assert steps == [0, 1, 2, 3]
    assert state(network) == state(method(None))


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": replace(RECIPE, learning_rate=0.04)},
        {"seed": 6},
        {"teacher": small(seed=3)},
        {"make": lambda: small(seed=1)},
        {"parameters": True},
    ],
)
def test_a_state_of_another_training_is_not_taken(few, tmp_path, change):
    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        train(small(), few, recipe=RECIPE, seed=5, checkpoints=checkpoints, after_step=dying_at(6), **NORMAL)
    network, steps = change.pop("make", small)(), []
    if change.get("parameters"):
        change = {"parameters": network[7].parameters()}
    with kept_in(tmp_path / "cell") as checkpoints:
        note = on_tensors(lambda step, _: steps.append(step))
        options = {"recipe": RECIPE, "seed": 5, **change}
        train(network, few, checkpoints=checkpoints, after_step=note, **NORMAL, **options)
    assert steps == list(range(STEPS))


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: data[:-9] + b"123456789"])
def test_a_damaged_state_is_not_taken(few, tmp_path, damage, caplog):
    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        train(small(), few, recipe=RECIPE, seed=5, checkpoints=checkpoints, after_step=dying_at(6), **NORMAL)
    file = tmp_path / "cell" / "training-1.safetensors"
    file.write_bytes(damage(file.read_bytes()))
    network = small()
    with kept_in(tmp_path / "cell") as checkpoints:
        train(network, few, recipe=RECIPE, seed=5, checkpoints=checkpoints, **NORMAL)
    assert state(network) == state(straight(few)[0])
    assert "start" in caplog.text


class Counting(nn.Module):
    """Remembers more than tensors."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.seen, self.head = 0, nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return self.head(images.flatten(1)) / self.seen


class Remembering(Counting):
    def __init__(self):
        super().__init__()
        self.log: list[int] = []


def hooked() -> nn.Module:
    network = small()
    network[0].register_forward_pre_hook(lambda *_: None)
    return network


@pytest.mark.parametrize("make", [Counting, Remembering, hooked])
def test_a_network_that_may_remember_more_than_tensors_starts_again(few, tmp_path, make):
    network, _, steps = gone_on(few, tmp_path / "cell", 7, make=make)
    assert steps == list(range(STEPS))
    assert state(network) == state(straight(few, make=make)[0])


def test_hooks_that_may_remember_something_keep_no_state(few, tmp_path):
    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        options = {"before_step": lambda *_: None, "after_step": dying_at(6)}
        train(small(), few, recipe=RECIPE, seed=5, checkpoints=checkpoints, **NORMAL, **options)
    assert [path.name for path in (tmp_path / "cell").iterdir()] == ["lock"]


def test_one_process_at_a_time_keeps_states(tmp_path, caplog):
    with kept_in(tmp_path / "cell") as first, kept_in(tmp_path / "cell") as second:
        assert first.next_file() == tmp_path / "cell" / "training-1.safetensors"
        assert second.next_file() is None
    assert "used by another process" in caplog.text
    assert not (tmp_path / "cell").exists()


def test_a_folder_that_cannot_be_written_changes_nothing(few, tmp_path, caplog):
    (tmp_path / "file").touch()
    network = small()
    with kept_in(tmp_path / "file" / "cell") as checkpoints:
        train(network, few, recipe=RECIPE, seed=5, checkpoints=checkpoints, **NORMAL)
    assert state(network) == state(straight(few)[0])
    assert "keeps no checkpoints" in caplog.text


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), kept_in(tmp_path / ".training" / "cell") as checkpoints:
        checkpoints.next_file().touch()
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_the_best_network_is_that_of_the_first_of_the_highest_scores(few):
    scores, seen = iter([0.5, 0.9, 0.9, 0.1]), []

    recipe = replace(RECIPE, epochs=4, keep="best")
    network = small()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.task.classification.accuracy", lambda *_: next(scores))
        remember = lambda *_: seen.append(state(network))  # noqa: E731
        history = train(network, few, recipe=recipe, seed=5, validation=few, progress=remember, **NORMAL)
    assert [row["validation_accuracy"] for row in history] == [0.5, 0.9, 0.9, 0.1]
    assert state(network) == seen[1] != seen[2]


SCRIPT = """
import os, signal, sys
from pathlib import Path
import numpy as np, safetensors.torch
sys.path.insert(0, {tests!r})
from tests.training.test_checkpoints import NORMAL, RECIPE, small, state, tensors_of
from bench.data import Split
from bench.training.checkpoints import kept_in
from bench.training.hooks import on_tensors
from bench.training.loop import train

images = np.load({images!r})
network, steps = small(), []

def hook(step, _):
    steps.append(step)
    if step == {died}:
        os.kill(os.getpid(), signal.SIGKILL)

with kept_in(Path({folder!r})) as checkpoints:
    checkpoints.minutes = 0
    train(network, Split(images["images"], images["labels"]), recipe=RECIPE, seed=5, checkpoints=checkpoints,
          after_step=on_tensors(hook), **NORMAL)
Path({out!r}).write_bytes(state(network))
print(steps[0])
"""


def test_a_process_that_is_killed_goes_on(few, tmp_path):
    np.savez(tmp_path / "images.npz", images=few.images, labels=few.labels)

    def run(died: int, folder: str) -> subprocess.CompletedProcess:
        code = SCRIPT.format(
            tests=str(Path(__file__).parents[2]), images=str(tmp_path / "images.npz"), died=died,
            folder=str(tmp_path / folder), out=str(tmp_path / f"{folder}.out"),
        )  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)

    killed = run(6, "cell")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    went_on = run(-1, "cell")
    assert went_on.stdout.strip() == "6", went_on.stderr
    assert run(-1, "other").stdout.strip() == "0"
    assert (tmp_path / "cell.out").read_bytes() == (tmp_path / "other.out").read_bytes()
