"""A task that is none of ours: telling how bright an image is, from training to the files of its cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bench import profile, task
from bench.data import Split
from bench.errors import InputError
from bench.runner import plan
from bench.task import Primary, Task
from bench.training._passes import Replayed
from bench.training.distillation import Distillation
from bench.training.loop import train
from bench.training.recipe import Recipe

PROFILE = 'seeds = [0]\n[[models]]\nname = "resnet8"\n[[methods]]\nname = "float16"\n'


class Brightness(Task):
    """Outputs are (b, 1), targets the mean pixel on the 0..1 scale; networks are ranked by 1 - mean absolute error."""

    version = 3
    primary = Primary("closeness", "Closeness", "closeness", "", "", 1.0, 3, 1.0)

    def targets(self, split, device):
        return torch.from_numpy(self.truth(split)["brightness"]).to(device)

    def loss(self, outputs, targets, *, label_smoothing=0.0):
        return (outputs[:, 0] - targets).square().mean()

    def imitation_loss(self, outputs, lesson, *, temperature):
        return (outputs - lesson).square().mean()

    def collect(self, outputs):
        return {"brightness": np.concatenate([batch[:, 0].float().cpu().numpy() for batch in outputs])}

    def truth(self, split):
        return {"brightness": (split.images.mean((1, 2, 3)) / 255).astype(np.float32)}

    def score(self, predictions, split):
        return {"closeness": 1 - float(np.abs(predictions["brightness"] - self.truth(split)["brightness"]).mean())}

    def compare(self, predictions, split):
        return {"test_closeness": self.score(predictions["compressed"], split)["closeness"]}

    def difference(self, predictions, expected):
        return float(np.abs(predictions["brightness"] - expected["brightness"]).max())


@pytest.fixture
def split():
    images = np.random.default_rng(0).integers(0, 256, (64, 1, 1, 1)) // 2 + np.zeros((64, 1, 8, 8), np.int64)
    return Split(images.astype(np.uint8), np.zeros(64, np.int64))  # all of one label, which says nothing


def test_a_network_learns_what_its_task_says(split):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 1))
    recipe = Recipe(epochs=30, batch_size=16, learning_rate=0.1, flip=False, crop_padding=0)
    history = train(
        network, split, recipe=recipe, mean=(0.25,), std=(0.25,), seed=0, device="cpu", validation=split,
        task=Brightness(),
    )  # fmt: skip
    assert history[0]["validation_closeness"] < history[-1]["validation_closeness"]
    assert history[-1]["validation_closeness"] > 0.97
    assert "validation_accuracy" not in history[-1]


def test_a_teacher_of_another_task_is_imitated(split):
    network, teacher = (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 1)) for _ in range(2))
    recipe = Recipe(epochs=30, batch_size=16, learning_rate=0.1, flip=False, crop_padding=0)
    normal = {"mean": (0.25,), "std": (0.25,), "seed": 0, "device": "cpu"}
    only_teacher = Distillation(weight=1.0)
    train(network, split, recipe=recipe, teacher=teacher, distillation=only_teacher, task=Brightness(), **normal)
    torch.testing.assert_close(network[2].weight, teacher[2].weight, atol=0.05, rtol=0)


class Rows:
    """Targets of which each image has its own number, as boxes have."""

    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, chosen):
        return [self.rows[index] for index in chosen.tolist()]


class SelfTaught(nn.Module):
    """Computes its own losses in training mode, and lists in eval mode, as torchvision's detectors do."""

    def __init__(self):
        super().__init__()
        self.mean = nn.Linear(1, 1)

    def forward(self, images, targets=None):
        guesses = self.mean(images.mean((1, 2, 3))[:, None])
        if self.training:
            apart = [(guess - row).square().mean() for guess, row in zip(guesses, targets, strict=True) if len(row)]
            return {"near": torch.stack(apart).mean(), "small": 0 * guesses.sum()}
        return [{"guess": guess} for guess in guesses]


class Ragged(Brightness):
    """Zero to three targets per image, which the network takes itself."""

    def targets(self, split, device):
        values = torch.from_numpy(self.truth(split)["brightness"])
        return Rows([value.repeat(index % 4) for index, value in enumerate(values)])

    def forward(self, network, images, targets):
        return network(images, targets)

    def loss(self, outputs, targets, *, label_smoothing=0.0):
        return sum(outputs.values())

    def collect(self, outputs):
        return {"brightness": np.array([float(image["guess"]) for batch in outputs for image in batch])}


def test_targets_need_not_be_a_tensor_and_a_network_may_compute_its_losses_itself(split, monkeypatch):
    # Recorded passes, as on a GPU: what is no tensor cannot be recorded.
    monkeypatch.setattr("bench.training._machinery.make_passes", lambda passes, *_: Replayed(passes, None))
    recipe = Recipe(epochs=30, batch_size=16, learning_rate=0.1, flip=False, crop_padding=0)
    normal = {"mean": (0.25,), "std": (0.25,), "seed": 0, "device": "cpu"}
    history = train(SelfTaught(), split, recipe=recipe, validation=split, task=Ragged(), **normal)
    assert history[-1]["validation_closeness"] > 0.95


def test_the_first_version_of_classification_adds_nothing_to_a_key():
    assert task.spec("classification") == {}
    cells = plan.make(profile.parse("p", PROFILE), "f").cells
    assert all("task" not in cell.spec for cell in cells)
    assert all(task.of_cell(cell.spec).primary.metric == "accuracy" for cell in cells)


def test_another_version_belongs_to_every_key(monkeypatch):
    before = {cell.name: cell.key for cell in plan.make(profile.parse("p", PROFILE), "f").cells}
    monkeypatch.setattr("bench.task.classification.Classification.version", 2)
    cells = plan.make(profile.parse("p", PROFILE), "f").cells
    assert all(cell.spec["task"] == {"name": "classification", "version": 2} for cell in cells)
    assert all(before[cell.name] != cell.key for cell in cells)


def test_an_unknown_task_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="unknown task 'clasification': did you mean 'classification'"):
        profile.parse("p", 'task = "clasification"\n' + PROFILE)
    with pytest.raises(InputError, match="key 'task'"):
        profile.parse("p", "task = 3\n" + PROFILE)
