"""Streamed training: the same bytes whoever decodes, and from any step of any epoch on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import bench.data
from bench.data import Split
from bench.data.streamed import StreamedImages
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from bench.training import evaluate, loop
from bench.training.batches import ResidentBatches, make_batches
from bench.training.checkpoints import kept_in
from bench.training.feed import Feed
from bench.training.hooks import on_tensors
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.training.streaming import StreamedBatches
from tests.data.photographs import tree

CPU = torch.device("cpu")
MOMENTS = {"mean": (0.5,) * 3, "std": (0.25,) * 3}
RECIPE = Recipe(
    epochs=2, batch_size=4, resize=36, center_crop=32, random_crop=32, auto_augment="randaugment", cutout=8,
    color_jitter=(0.2, 0.2, 0.2, 0.1),
)  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming")
    root = tree(folder / "photographs", {"train": {"cat": 12, "dog": 10}, "test": {"cat": 5, "dog": 4}})
    settings = {"validation": 0.2, "probe": 3, "probe_seed": 0, "split_seed": 0, "cache": folder / "cache"}
    return bench.data.load(f"folder:{root}", **settings).transformed(ValidationTransform(36, 32))


def by(split: Split, workers: int | None) -> Split:
    images = split.images
    return Split(StreamedImages(images.reader, images.transform, images.numbers, workers), split.labels)


def batches(split: Split, workers: int | None = 0, recipe: Recipe = RECIPE, seed: int = 0, rank: int = 0):
    made = make_batches(
        Feed(by(split, workers), torch.from_numpy(split.labels), Schedule(len(split.images), recipe), **MOMENTS,
             seed=seed, device=CPU, rank=rank)
    )  # fmt: skip
    assert isinstance(made, StreamedBatches)
    return made


def content(epoch):
    return [(images.numpy().tobytes(), targets.tolist()) for images, targets in epoch]


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 5, stride=4),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 2),
    )


def test_no_number_of_workers_changes_a_byte(images):
    """Two epochs, with every random transform; the workers live on between them."""
    made = [batches(images.train, workers) for workers in (0, 1, 2)]
    epochs = [[content(one.epoch(number)) for number in (1, 2)] for one in made]
    assert epochs[0] == epochs[1] == epochs[2]
    assert len(epochs[0][0]) == 4
    assert epochs[0][0] != epochs[0][1]
    assert content(batches(images.train, seed=1).epoch(1)) != epochs[0][0]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_resumed_in_its_middle_goes_on_as_it_was(images, workers):
    made = batches(images.train, workers)
    whole = content(made.epoch(2))
    assert content(batches(images.train, workers).epoch(2, 3)) == whole[3:]
    for _ in made.epoch(1):  # left after the first batch, others being decoded already
        break
    assert content(made.epoch(2, 1)) == whole[1:]


def test_targets_belong_to_their_images(images):
    recipe = Recipe(epochs=1, batch_size=4, resize=36, center_crop=32, flip=False, crop_padding=0)
    by_image = {image.tobytes(): label for image, label in zip(images.train.images[:], images.train.labels.tolist())}
    normalise = evaluate.Normalise(**MOMENTS, device=CPU)
    known = {
        normalise(torch.from_numpy(image)[None]).numpy().tobytes(): by_image[image.tobytes()]
        for image in images.train.images[:]
    }
    seen = [
        (image[None].contiguous().numpy().tobytes(), target)
        for batch, targets in batches(images.train, recipe=recipe).epoch(1)
        for image, target in zip(batch, targets.tolist())
    ]
    assert len({image for image, _ in seen}) == 16
    assert all(known[image] == target for image, target in seen)


def test_ranks_share_the_batches_of_one_device(images):
    class Two(Schedule):
        share = property(lambda self: 4)
        batch_size = property(lambda self: 8)

    schedule = Two(len(images.train.images), RECIPE)
    made = [
        StreamedBatches(Feed(by(images.train, 0), torch.from_numpy(images.train.labels), schedule, **MOMENTS, seed=0,
                             device=CPU, rank=rank))
        for rank in (0, 1)
    ]  # fmt: skip
    alone = [image for batch, _ in batches(images.train).epoch(1) for image in batch]
    shared = [[image for batch, _ in one.epoch(1) for image in batch] for one in made]
    joined = [*shared[0][:4], *shared[1][:4], *shared[0][4:], *shared[1][4:]]
    assert all(torch.equal(one, other) for one, other in zip(alone, joined))
    assert len(joined) == 16


def test_training_and_evaluating_give_the_same_bytes(images):
    results = []
    for workers in (0, 2):
        network = small()
        history = loop.train(
            network, by(images.train, workers), recipe=RECIPE, **MOMENTS, seed=0, device="cpu",
            validation=by(images.validation, workers),
        )  # fmt: skip
        logits = evaluate.logits(network, by(images.test, workers).images, **MOMENTS, device="cpu", batch_size=2)
        results.append((history, logits.tobytes(), [weight.tolist() for weight in network.parameters()]))
    assert results[0] == results[1]


def test_logits_are_those_of_the_same_images_in_memory(images):
    network = small()
    streamed = evaluate.logits(network, images.test.images, **MOMENTS, device="cpu")
    resident = evaluate.logits(network, images.test.images[:], **MOMENTS, device="cpu")
    np.testing.assert_array_equal(streamed, resident)


def test_large_images_come_in_small_batches():
    class Large:
        channels = 3
        side = staticmethod(lambda transform: 256)
        __len__ = staticmethod(lambda: 40)
        __call__ = staticmethod(lambda number: torch.zeros(3, 256, 256, dtype=torch.uint8))

    found = evaluate.normalised_batches(StreamedImages(Large()), **MOMENTS, device="cpu")
    assert [len(batch) for batch in found] == [32, 8]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_cannot_be_used_is_named(images, tmp_path, workers):
    root = tree(tmp_path / "photographs", {part: {"cat": 4, "dog": 4} for part in ("train", "test")})
    settings = {"validation": 0.25, "probe": 3, "probe_seed": 0, "split_seed": 0, "cache": tmp_path / "cache"}
    split = bench.data.load(f"folder:{root}", **settings).train
    (root / "train/cat/0.jpg").unlink()
    (root / "train/cat/1.jpg").unlink()
    with pytest.raises(InputError, match=r"train/cat/[01]\.jpg cannot be read"):
        content(batches(split, workers, Recipe(batch_size=6, resize=36, center_crop=32)).epoch(1))


def test_images_of_several_sizes_without_a_crop(images):
    with pytest.raises(InputError, match="make no batch: give center_crop or a random crop"):
        content(batches(images.train, recipe=Recipe(batch_size=16)).epoch(1))


def test_resident_images_are_streamed_if_the_recipe_transforms_single_ones():
    split = Split(np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32), np.uint8), np.arange(8) % 2)
    arguments = (split, torch.from_numpy(split.labels))
    rest = {**MOMENTS, "seed": 0, "device": CPU}
    assert isinstance(make_batches(Feed(*arguments, Schedule(8, Recipe()), **rest)), ResidentBatches)
    for settings in ({"auto_augment": "trivialaugment"}, {"random_crop": 28}, {"color_jitter": (0, 0, 1, 0)}):
        made = make_batches(Feed(*arguments, Schedule(8, Recipe(batch_size=4, **settings)), **rest))
        (first, _), _ = made.epoch(1)
        assert first.shape[-1] == settings.get("random_crop", 32)


def test_a_training_killed_inside_an_epoch_goes_on_with_any_number_of_workers(images, tmp_path):
    class Killed(KeyboardInterrupt):
        pass

    @on_tensors
    def dying(step: int, steps: int) -> None:
        if step == 5:
            raise Killed

    recipe = {"recipe": RECIPE, **MOMENTS, "seed": 0, "device": "cpu"}
    whole, interrupted = small(), small()
    history = loop.train(whole, by(images.train, 0), **recipe)
    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        checkpoints.minutes = 0
        loop.train(small(), by(images.train, 1), **recipe, checkpoints=checkpoints, after_step=dying)
    seen = []
    with kept_in(tmp_path / "cell") as checkpoints:
        note = on_tensors(lambda step, _: seen.append(step))
        again = loop.train(interrupted, by(images.train, 2), **recipe, checkpoints=checkpoints, after_step=note)
    assert seen == [5, 6, 7]
    assert again == history
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), interrupted.parameters()))
