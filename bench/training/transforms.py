"""Random transforms of single training images, decided by seed, epoch and image alone: whichever process computes them.

Sources: torchvision's v2 transforms; Szegedy et al., Going Deeper with Convolutions (2015), for random resized crops;
Cubuk et al., RandAugment (2020); Müller and Hutter, TrivialAugment (2021).
"""

# Crop, flip and the blanked square are drawn from a counter-based generator whose key is (seed, epoch and image), so
# that nothing depends on which images were drawn before. torchvision's own random transforms draw from torch's global
# generator: it is seeded from the image's generator for the one call, and restored.

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torchvision.transforms import v2

from bench.data import streamed
from bench.errors import InputError
from bench.training.recipe import Recipe

ASPECTS = math.log(3 / 4), math.log(4 / 3)  # widths over heights of random resized crops
ATTEMPTS = 10  # at a crop that lies within the image, before the largest in the centre is taken


class TrainingTransform:
    """The transforms of a recipe, for uint8 images of any size.

    Args:
        fill: value of the blanked square in each channel, on the 0..1 scale.
    """

    def __init__(self, recipe: Recipe, fill: Sequence[float]):
        self.recipe = recipe
        self.fill = torch.tensor([round(255 * value) for value in fill], dtype=torch.uint8)[:, None, None]
        self.interpolation = streamed.INTERPOLATIONS[recipe.interpolation]
        self.by_torchvision = _by_torchvision(recipe)

    def __call__(self, image: torch.Tensor, seed: int, epoch: int, number: int) -> torch.Tensor:
        """A transformed copy of an image (C, H, W) uint8.

        Args:
            seed: of the training, below 2**64.
            epoch, number: of the image, both below 2**32.

        Raises:
            InputError: a crop is larger than the image.
        """
        random = _generator(seed, epoch, number)
        image = self._cropped(image, random)
        if self.recipe.flip and random.random() < 0.5:
            image = image.flip(-1)
        image = _transformed(image, self.by_torchvision, random)
        if self.recipe.cutout:
            image = self._blanked(image, random)
        return image.contiguous()

    def _cropped(self, image: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
        recipe = self.recipe
        if recipe.random_resized_crop:
            top, left, height, width = random_part(image.shape[-2], image.shape[-1], recipe.crop_scale, random)
            part = image[:, top : top + height, left : left + width].contiguous()
            square = [recipe.random_resized_crop] * 2
            return v2.functional.resize(part, square, self.interpolation, antialias=True)
        if not recipe.random_crop:
            image = streamed.apply(recipe.validation_transform, image)
            return _window(_padded(image, recipe.crop_padding), image.shape[-2], image.shape[-1], random)
        if recipe.resize:
            image = streamed.resized(image, recipe.resize, recipe.interpolation)
        side = recipe.random_crop
        if min(image.shape[-2:]) <= side:  # larger images have room to be cropped from
            image = _padded(image, recipe.crop_padding)
        if min(image.shape[-2:]) < side:
            raise InputError(
                f"random_crop = {side} is larger than an image of {image.shape[-1]}×{image.shape[-2]}: give resize"
            )
        return _window(image, side, side, random)

    def _blanked(self, image: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
        # The square's centre lies anywhere in the image, so that it may reach over the border.
        ranges = []
        for length in image.shape[-2:]:
            first = int(random.integers(length)) - self.recipe.cutout // 2
            ranges.append(slice(max(first, 0), max(first + self.recipe.cutout, 0)))
        image = image.clone()
        image[:, ranges[0], ranges[1]] = self.fill
        return image


class WholeTransform:
    """What a recipe does to whole images with annotated objects, uint8 of any size: mirroring and colours alone."""

    def __init__(self, recipe: Recipe):
        self.recipe, self.by_torchvision = recipe, _by_torchvision(recipe)

    def __call__(self, image: torch.Tensor, seed: int, epoch: int, number: int) -> torch.Tensor:
        """A transformed copy of an image (C, H, W) uint8; see `TrainingTransform`."""
        random = _generator(seed, epoch, number)
        if self._mirrors(random):
            image = image.flip(-1)
        return _transformed(image, self.by_torchvision, random).contiguous()

    def mirrored(self, seed: int, epoch: int, numbers: Sequence[int]) -> list[bool]:
        """Which of some images of an epoch are mirrored left to right, so that their objects can be."""
        return [self._mirrors(_generator(seed, epoch, number)) for number in numbers]

    def _mirrors(self, random: np.random.Generator) -> bool:
        return self.recipe.flip and bool(random.random() < 0.5)


def _generator(seed: int, epoch: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, epoch << 32 | number], np.uint64)))


def _transformed(
    image: torch.Tensor, transforms: Sequence[torch.nn.Module], random: np.random.Generator
) -> torch.Tensor:
    """An image by torchvision's own random transforms."""
    if not transforms:
        return image
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(random.integers(2**63)))
        for transform in transforms:
            image = transform(image)
    return image


def random_part(
    height: int, width: int, scale: tuple[float, float], random: np.random.Generator
) -> tuple[int, int, int, int]:
    """Top, left, height and width of a random part of an image, drawn as torchvision's RandomResizedCrop does.

    Args:
        scale: smallest and largest share of the image's area.
    """
    for _ in range(ATTEMPTS):
        area = height * width * random.uniform(*scale)
        aspect = math.exp(random.uniform(*ASPECTS))
        wide, high = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < wide <= width and 0 < high <= height:
            top, left = random.integers(height - high + 1), random.integers(width - wide + 1)
            return int(top), int(left), high, wide
    least, most = (math.exp(end) for end in ASPECTS)
    wide, high = min(width, round(height * most)), min(height, round(width / least))
    return (height - high) // 2, (width - wide) // 2, high, wide


def _by_torchvision(recipe: Recipe) -> list[torch.nn.Module]:
    transforms: list[torch.nn.Module] = []
    interpolation = streamed.INTERPOLATIONS[recipe.interpolation]
    if recipe.auto_augment == "randaugment":
        operations, magnitude = recipe.randaugment_operations, recipe.randaugment_magnitude
        transforms.append(v2.RandAugment(operations, magnitude, interpolation=interpolation))
    elif recipe.auto_augment == "trivialaugment":
        transforms.append(v2.TrivialAugmentWide(interpolation=interpolation))
    if any(recipe.color_jitter):
        transforms.append(v2.ColorJitter(*recipe.color_jitter))
    return transforms


def _padded(image: torch.Tensor, padding: int) -> torch.Tensor:
    if not padding:
        return image
    if padding >= min(image.shape[-2:]):
        raise InputError(
            f"crop_padding must be smaller than the images' side of {min(image.shape[-2:])} pixels, given {padding}"
        )
    return v2.functional.pad(image, [padding], padding_mode="reflect")


def _window(image: torch.Tensor, height: int, width: int, random: np.random.Generator) -> torch.Tensor:
    top = int(random.integers(image.shape[-2] - height + 1))
    left = int(random.integers(image.shape[-1] - width + 1))
    return image[:, top : top + height, left : left + width]
