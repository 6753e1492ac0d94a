"""Epochs by their number: the same batches whichever were asked for before, and a share for each rank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.data import Split
from bench.training.batches import ResidentBatches
from bench.training.feed import Feed
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule

RECIPE = Recipe(epochs=4, batch_size=8, flip=False, crop_padding=0)


def resident(recipe: Recipe = RECIPE, rank: int = 0, images: int = 20) -> ResidentBatches:
    """Batches of images whose only pixel is their number, and whose target is too."""
    numbers = np.arange(images)
    split = Split(numbers.astype(np.uint8).reshape(-1, 1, 1, 1), numbers)
    schedule = Schedule(images, recipe)
    return ResidentBatches(
        Feed(split, torch.from_numpy(numbers), schedule, [0.0], [1 / 255], 3, torch.device("cpu"), rank=rank)
    )


def targets(batches: ResidentBatches, *which: int) -> list[list[int]]:
    return [chosen.tolist() for _, chosen in batches.epoch(*which)]


def test_orders_are_drawn_one_after_another_from_one_generator():
    # As every training did before epochs had numbers: keys of cells that were kept then are still right.
    generator = torch.Generator().manual_seed(3)
    for number in (1, 2, 3):
        order = torch.randperm(20, generator=generator).tolist()
        for high, columns in ((1, 2), (1, 1), (1, 2)):  # shifts, mirroring, centres of squares
            torch.randint(high, (20, columns), generator=generator)
        assert targets(resident(), number) == [order[:8], order[8:16]]


def test_images_come_with_their_targets():
    for images, chosen in resident().epoch(1):
        assert images.flatten().round().tolist() == chosen.tolist()


def test_an_epoch_is_the_same_whichever_were_asked_for_before():
    batches = resident()
    third, first = targets(batches, 3), targets(batches, 1)
    assert first == targets(resident(), 1) != third
    assert targets(batches, 3) == targets(batches, 3) == third == targets(resident(), 3)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_epoch_can_begin_at_any_of_its_steps(step):
    augmented = replace(RECIPE, flip=True)
    assert targets(resident(augmented), 2, step) == targets(resident(augmented), 2)[step:]


def test_ranks_share_each_batch():
    # Two devices with 4 images each see the batches of one with 8.
    halved = replace(RECIPE, batch_size=4, devices=2)
    first, second = (targets(resident(halved, rank), 2) for rank in (0, 1))
    assert [a + b for a, b in zip(first, second, strict=True)] == targets(resident(), 2)


def test_ranks_of_a_small_set_have_equal_shares():
    recipe = replace(RECIPE, batch_size=64, devices=3)
    shares = [targets(resident(recipe, rank), 1) for rank in range(3)]
    assert [[len(batch) for batch in share] for share in shares] == [[6]] * 3
    assert len({image for share in shares for batch in share for image in batch}) == 18
