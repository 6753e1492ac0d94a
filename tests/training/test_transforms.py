"""Random transforms decided by seed, epoch and image, and known answers of the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from bench.errors import InputError
from bench.training.recipe import Recipe
from bench.training.transforms import TrainingTransform, random_part

PLAIN = {"flip": False, "crop_padding": 0}
FILL = (0.5, 0.5, 0.5)


def picture(height=40, width=60, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8))


def seen(image, seed=0, epoch=1, number=0, **settings):
    return TrainingTransform(Recipe(**{**PLAIN, **settings}), FILL)(image, seed, epoch, number)


def test_nothing_changes_nothing():
    assert torch.equal(seen(picture()), picture())


def test_the_centre_without_random_crops():
    expected = v2.Compose([v2.Resize(32), v2.CenterCrop(28)])(picture())
    assert torch.equal(seen(picture(), resize=32, center_crop=28), expected)
    expected = v2.Resize(32, v2.InterpolationMode.BICUBIC)(picture())
    assert torch.equal(seen(picture(), resize=32, interpolation="bicubic"), expected)


def test_a_random_crop_of_the_resized_image():
    resized = v2.Resize(32)(picture())  # 32 × 48
    found = {number: seen(picture(), number=number, resize=32, random_crop=24, crop_padding=4) for number in range(60)}
    windows = {
        resized[:, top : top + 24, left : left + 24].contiguous().numpy().tobytes(): (top, left)
        for top in range(9)
        for left in range(25)
    }
    places = [windows[image.numpy().tobytes()] for image in found.values()]  # no padding where there is room
    assert {top for top, _ in places} == set(range(9))
    assert {left for _, left in places} >= {0, 24}


def test_an_image_no_larger_than_the_crop_is_padded():
    image = picture(32, 32)
    padded = v2.functional.pad(image, [4], padding_mode="reflect")
    windows = {padded[:, t : t + 32, l : l + 32].numpy().tobytes() for t in range(9) for l in range(9)}  # noqa: E741
    for settings in ({"random_crop": 32}, {}):
        found = {seen(image, number=n, crop_padding=4, **settings).numpy().tobytes() for n in range(40)}
        assert found <= windows
        assert len(found) > 20
    with pytest.raises(InputError, match=r"random_crop = 41 is larger than an image of 40×40: give resize"):
        seen(image, random_crop=41, crop_padding=4)
    with pytest.raises(InputError, match="crop_padding must be smaller than the images' side of 32 pixels, given 32"):
        seen(image, crop_padding=32)


def test_flips_are_fair():
    image = picture()
    flipped = [torch.equal(seen(image, number=number, flip=True), image.flip(-1)) for number in range(400)]
    assert 160 < sum(flipped) < 240
    assert all(torch.equal(seen(image, number=n, flip=True), image) != turned for n, turned in enumerate(flipped))


def test_random_parts_are_drawn_as_torchvision_draws_them():
    random, scale = np.random.default_rng(0), (0.08, 1.0)
    ours = np.array([random_part(240, 320, scale, random) for _ in range(4000)])
    torch.manual_seed(0)
    transform = v2.RandomResizedCrop(24)
    theirs = [transform.make_params([torch.zeros(3, 240, 320)]) for _ in range(4000)]
    theirs = np.array([[params[name] for name in ("top", "left", "height", "width")] for params in theirs])
    tops, lefts, heights, widths = ours.T
    assert ((tops + heights <= 240) & (lefts + widths <= 320) & (tops >= 0) & (lefts >= 0)).all()
    for mine, other in zip(ours.T, theirs.T):
        assert np.quantile(mine, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(other, [0.1, 0.5, 0.9]), abs=8)
    aspects = widths / heights
    assert aspects.min() > 0.72
    assert aspects.max() < 1.4


def test_the_largest_part_of_an_image_too_narrow_for_any():
    assert random_part(10, 1000, (1.0, 1.0), np.random.default_rng(0)) == (0, 493, 10, 13)
    assert random_part(1000, 9, (1.0, 1.0), np.random.default_rng(0)) == (494, 0, 12, 9)


def test_a_random_resized_crop():
    image = torch.full((3, 40, 60), 7, dtype=torch.uint8)
    image[0] = torch.arange(60)
    found = seen(image, random_resized_crop=16, crop_scale=(0.25, 0.25), resize=99, crop_padding=4)
    assert found.shape == (3, 16, 16)
    assert (found[1:] == 7).all()
    widths = [int(seen(image, number=n, random_resized_crop=16, crop_scale=(0.25, 0.25))[0].float().diff(dim=1).sum())
              for n in range(64)]  # fmt: skip
    middle = math.sqrt(0.25 * 40 * 60) * 15
    assert 0.8 * middle < np.mean(widths) < 1.2 * middle


def test_the_blanked_square():
    image = torch.zeros(3, 20, 20, dtype=torch.uint8)
    areas = [int((seen(image, number=number, cutout=8)[0] == 128).sum()) for number in range(200)]
    assert max(areas) == 64
    assert min(areas) == 16  # in a corner a quarter of it is left
    assert not image.any()


@pytest.mark.parametrize(
    "settings",
    [
        {"auto_augment": "randaugment"},
        {"auto_augment": "trivialaugment"},
        {"color_jitter": (0.4, 0.4, 0.4, 0.1)},
        {"random_resized_crop": 16},
        {"random_crop": 16, "flip": True, "cutout": 4},
    ],
)
def test_seed_epoch_and_image_decide_and_nothing_else(settings):
    transform = TrainingTransform(Recipe(**{**PLAIN, **settings}), FILL)
    image = picture()
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = transform(image, 0, 1, 0)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    transform(image, 0, 1, 1)
    assert torch.equal(transform(image, 0, 1, 0), first)
    keys = [(seed, epoch, number) for seed in (0, 1) for epoch in (1, 2) for number in range(6)]
    assert len({transform(image, *key).numpy().tobytes() for key in keys}) > len(keys) / 2


def test_torchvisions_own_settings_reach_it():
    image = picture()
    found = seen(image, auto_augment="randaugment", randaugment_operations=1, randaugment_magnitude=0)
    other = seen(image, auto_augment="randaugment", randaugment_operations=8, randaugment_magnitude=30)
    assert not torch.equal(found, other)
    brighter = seen(image, color_jitter=(0.9, 0, 0, 0)).float() / image.clamp(min=1).float()
    assert brighter[image > 100].std() < 0.1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"random_crop": 8, "random_resized_crop": 8}, "give random_crop or random_resized_crop, not both"),
        ({"crop_scale": (0.5, 0.1)}, "crop_scale is the smallest and the largest share, given [0.5, 0.1]"),
        ({"resize": 20, "center_crop": 24}, "center_crop = 24 reaches beyond resize = 20"),
        ({"resize": 20, "random_crop": 24, "crop_padding": 1}, "random_crop = 24 reaches beyond resize = 20 and its p"),
    ],
)
def test_what_cannot_be_together_is_said(settings, problem):
    (found,) = Recipe(**settings).problems()
    assert found.startswith(problem)
    assert not Recipe().problems()
