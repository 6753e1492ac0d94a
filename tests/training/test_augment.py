"""Augmentation: where a marked pixel goes."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.training._augment import Augmentation
from bench.training.recipe import Recipe

SIZE = 5


def marked(row: int, column: int, channels: int = 1) -> torch.Tensor:
    image = torch.zeros(1, channels, SIZE, SIZE, dtype=torch.uint8)
    image[0, :, row, column] = 255
    return image


def augmented(images, down=0, right=0, mirrored=0, row=0, column=0, **recipe):
    augmentation = Augmentation(Recipe(**recipe), fill=(0.5,) * images.shape[1], size=SIZE, device="cpu")
    decisions = torch.tensor([[down, right, mirrored, row, column]]).repeat(len(images), 1)
    return augmentation(images, torch.arange(len(images)), decisions)


def lit(images: torch.Tensor) -> list[list[int]]:
    return images[0, 0].nonzero().tolist()


def test_nothing_decided_changes_nothing():
    images = torch.arange(2 * 3 * SIZE * SIZE, dtype=torch.uint8).reshape(2, 3, SIZE, SIZE)
    assert torch.equal(augmented(images), images)


def test_shifts():
    assert lit(augmented(marked(2, 2), down=1)) == [[3, 2]]
    assert lit(augmented(marked(2, 2), right=-1)) == [[2, 1]]


def test_a_mirror_swaps_left_and_right_alone():
    assert lit(augmented(marked(1, 0), mirrored=1)) == [[1, 4]]


def test_borders_are_reflected_without_repeating_the_outermost_pixel():
    row = torch.tensor([[10, 20, 30, 40, 50]], dtype=torch.uint8).expand(1, 1, SIZE, SIZE)
    assert augmented(row, right=2)[0, 0, 0].tolist() == [30, 20, 10, 20, 30]
    assert augmented(row, right=-2)[0, 0, 0].tolist() == [30, 40, 50, 40, 30]


@given(down=st.integers(-4, 4), right=st.integers(-4, 4), mirrored=st.booleans())
def test_shift_then_mirror_are_padding_cropping_and_flipping(down, right, mirrored):
    image = torch.arange(SIZE * SIZE, dtype=torch.uint8).reshape(1, 1, SIZE, SIZE)
    padded = torch.nn.functional.pad(image.float(), (4, 4, 4, 4), mode="reflect").to(torch.uint8)
    cropped = padded[:, :, 4 - down : 4 - down + SIZE, 4 - right : 4 - right + SIZE]
    expected = cropped.flip(3) if mirrored else cropped
    assert torch.equal(augmented(image, down=down, right=right, mirrored=int(mirrored)), expected)


def test_the_square_has_its_side_and_the_mean_colour():
    white = torch.full((1, 2, SIZE, SIZE), 255, dtype=torch.uint8)
    out = augmented(white, row=2, column=3, cutout=2)
    blank = (out[0, 0] != 255).nonzero().tolist()
    assert blank == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert set(out[out != 255].tolist()) == {128}


def test_the_square_may_reach_over_the_border():
    white = torch.full((1, 1, SIZE, SIZE), 255, dtype=torch.uint8)
    assert int((augmented(white, row=0, column=0, cutout=3) != 255).sum()) == 4


def test_images_are_chosen_by_index():
    images = torch.arange(3, dtype=torch.uint8).reshape(3, 1, 1, 1).expand(3, 1, SIZE, SIZE)
    augmentation = Augmentation(Recipe(), fill=(0.5,), size=SIZE, device="cpu")
    out = augmentation(images, torch.tensor([2, 0]), torch.zeros(2, 5, dtype=torch.int64))
    assert out[:, 0, 0, 0].tolist() == [2, 0]


def test_decisions_keep_to_the_recipe():
    def decide(**recipe):
        augmentation = Augmentation(Recipe(**recipe), fill=(0.5,), size=SIZE, device="cpu")
        return augmentation.decide(500, torch.Generator().manual_seed(0))

    decisions = decide(crop_padding=2)
    assert set(decisions[:, :2].flatten().tolist()) == {-2, -1, 0, 1, 2}
    assert 0.4 < decisions[:, 2].float().mean() < 0.6
    assert set(decisions[:, 3:].flatten().tolist()) == set(range(SIZE))
    still = decide(crop_padding=0, flip=False)
    assert not still[:, :3].any()
