"""Training on images of any size with annotated objects: batches, mirroring, resuming, and squares for methods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("pycocotools")

import bench.data
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from bench.task.detection import Detection
from bench.training import evaluate, loop
from bench.training.batches import make_batches
from bench.training.checkpoints import kept_in
from bench.training.feed import Feed
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.build import build
from tests.data.annotated import content, write

CPU = torch.device("cpu")
AS_THEY_ARE = {"mean": (0.0,) * 3, "std": (1.0,) * 3}
RECIPE = Recipe(epochs=2, batch_size=2, learning_rate=0.01, label_smoothing=0, crop_padding=0, resize=32)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    root = write(folder / "set", content(10), content(4))
    settings = {"validation": 0.2, "probe": 4, "probe_seed": 0, "split_seed": 0, "cache": folder / "cache"}
    return bench.data.load(f"coco:{root}", **settings).transformed(ValidationTransform(32))


def batches(images, recipe=RECIPE, seed=0):
    targets = Detection().targets(images.train, CPU)
    schedule = Schedule(len(images.train.images), recipe)
    return make_batches(Feed(images.train, targets, schedule, **AS_THEY_ARE, seed=seed, device=CPU))


def test_batches_are_lists_of_images_at_their_own_sizes(images):
    epoch = list(batches(images).epoch(1))
    assert {tuple(image.shape) for shown, _ in epoch for image in shown} == {(3, 30, 40), (3, 36, 24)}
    assert all(image.shape[-2:] == target["masks"].shape[-2:] for batch in epoch for image, target in zip(*batch))


def test_mirroring_moves_boxes_and_masks_with_the_pixels(images):
    plain = replace(RECIPE, flip=False)
    pairs = list(zip(batches(images, plain).epoch(1), batches(images).epoch(1), strict=True))
    flipped = 0
    for (shown, targets), (others, moved) in pairs:
        for image, target, other, now in zip(shown, targets, others, moved, strict=True):
            if torch.equal(image, other):
                assert torch.equal(target["boxes"], now["boxes"]) and torch.equal(target["masks"], now["masks"])
                continue
            flipped += 1
            assert torch.equal(image.flip(-1), other)
            assert torch.equal(target["masks"].flip(-1), now["masks"])
            width = image.shape[-1]
            x0, y0, x1, y1 = target["boxes"].unbind(1)
            assert torch.equal(now["boxes"], torch.stack([width - x1, y0, width - x0, y1], 1))
    assert 0 < flipped < sum(len(shown) for (shown, _), _ in pairs)


def test_boxes_enclose_their_masks_when_mirrored_and_when_squared(images):
    targets = Detection().targets(images.train, CPU)
    rows = torch.arange(4)
    for target in (*targets.mirrored(rows, [True, False, True, True]), *targets.squared(rows, 64)):
        for box, mask in zip(target["boxes"], target["masks"], strict=True):
            down, right = np.nonzero(mask.numpy())
            found = [right.min(), down.min(), right.max() + 1, down.max() + 1]
            assert np.abs(box.numpy() - found).max() <= 1


def test_as_a_sequence_they_are_squares_that_show_the_whole_image(images):
    assert images.size == 32 and images.train.images[:3].shape == (3, 3, 32, 32)
    raw = images.train.images.raw(0).float()
    square = torch.from_numpy(images.train.images[0]).float()
    for channel in range(3):  # the mean of noise is kept by resizing, and not by cutting the left half out
        assert abs(raw[channel].mean() - square[channel].mean()) < 4


def test_a_size_is_needed_and_nothing_is_cut(images):
    with pytest.raises(InputError, match="need resize"):
        images.transformed(ValidationTransform())
    with pytest.raises(InputError, match="center_crop = 16 would cut objects off"):
        images.transformed(ValidationTransform(32, 16))


def trained(images, folder, recipe=RECIPE, watch=None):
    network = build("maskrcnn-resnet18", 3, len(images.classes), 32, seed=0)
    with kept_in(folder) as checkpoints:
        history = loop.train(
            network, images.train, recipe=recipe, **AS_THEY_ARE, seed=0, device=CPU, task=Detection(),
            validation=images.validation, checkpoints=checkpoints, watch=watch,
        )  # fmt: skip
    return network, history


class Killed(Exception):
    pass


@pytest.mark.slow
def test_a_training_that_was_killed_ends_in_the_same_bytes(images, tmp_path):
    def die(row, speed, network):
        raise Killed

    whole, history = trained(images, tmp_path / "whole")
    with pytest.raises(Killed):
        trained(images, tmp_path / "killed", watch=die)
    again, resumed = trained(images, tmp_path / "killed")
    assert resumed == history
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


@pytest.mark.slow
def test_the_best_epoch_is_that_of_box_and_mask_ap_together(images, tmp_path):
    _, history = trained(images, tmp_path, replace(RECIPE, keep="best", epochs=1))
    assert set(history[0]) == {
        "epoch", "loss", "learning_rate", "validation_box_ap", "validation_box_ap+mask_ap",
    }  # fmt: skip


@pytest.mark.slow
def test_frozen_batch_norms_stay_as_they_were(images, tmp_path):
    before = build("maskrcnn-resnet18", 3, len(images.classes), 32, seed=0).state_dict()
    frozen = replace(RECIPE, batch_norm="frozen", epochs=1)
    for recipe, same in ((frozen, True), (replace(RECIPE, epochs=1), False)):
        after = trained(images, tmp_path / str(same), recipe)[0].state_dict()
        norms = [name for name in after if ".bn1." in name]
        assert all(torch.equal(before[name], after[name]) for name in norms) == same
        assert not torch.equal(before["backbone.body.conv1.weight"], after["backbone.body.conv1.weight"])


def test_networks_are_held_apart_before_detections_are_chosen(images):
    network, same = (build("maskrcnn-resnet18", 3, len(images.classes), 32, seed=0) for _ in range(2))
    other = build("maskrcnn-resnet18", 3, len(images.classes), 32, seed=0)
    with torch.no_grad():
        other.roi_heads.mask_predictor.mask_fcn_logits.weight *= 1.01  # what the last layer holds shows too

    def apart(one):
        return evaluate.apart(network, one, images.probe_images, **AS_THEY_ARE, device=CPU, task=Detection())

    assert apart(same) == 0.0
    assert 0.005 < apart(other) < 0.02


def test_networks_of_other_parts_are_held_apart_by_their_detections(images):
    class Own(torch.nn.Module):
        def __init__(self, score):
            super().__init__()
            self.score = torch.nn.Parameter(torch.tensor(score))

        def forward(self, shown):
            box = {"boxes": torch.tensor([[0.0, 0, 10, 10]]), "labels": torch.tensor([1]), "scores": self.score[None]}
            return [box for _ in shown]

    def apart(one):
        return evaluate.apart(Own(0.5), one, images.probe_images, **AS_THEY_ARE, device=CPU, task=Detection())

    assert apart(Own(0.5)) == 0.0
    assert apart(Own(0.4)) == pytest.approx(0.25)  # 0.1 of 0.4, the largest score expected
