"""Augmentation of whole batches, on the device where the images are, in uint8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bench.errors import InputError
from bench.training.recipe import Recipe


@dataclass(frozen=True)
class Augmentation:
    """Select images, then shift them inside a reflected border, mirror them, and blank out a square.

    One gather does all but the last; every random number comes from a generator on the CPU, so that the same seed draws
    alike on every device.

    Args:
        flip: mirror half of the images left to right.
        padding: largest shift along each axis, pixels.
        cutout: side of the square, pixels; centred anywhere, so that it may reach over the border (DeVries and Taylor,
            Improved Regularization with Cutout, 2017, section 3.2).
        fill: the square's value in each channel, 0 to 255.
    """

    flip: bool
    padding: int
    cutout: int
    fill: tuple[int, ...]

    @classmethod
    def of(cls, recipe: Recipe, mean: Sequence[float], size: int) -> Augmentation:
        """A recipe's augmentation for images of a size, with the mean colour for the square.

        Raises:
            InputError: the images are too small to be reflected that far.
        """
        if recipe.crop_padding >= size:
            raise InputError(
                f"crop_padding must be smaller than the images' side of {size} pixels, given {recipe.crop_padding}"
            )
        return cls(recipe.flip, recipe.crop_padding, recipe.cutout, tuple(round(255 * channel) for channel in mean))

    def __call__(self, images: torch.Tensor, chosen: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Augmented copies of the chosen images.

        Args:
            images: (n, C, H, W) uint8.
            chosen: (b,) int64 on the CPU.

        Returns:
            (b, C, H, W) uint8 on the images' device.
        """
        batch = len(chosen)
        rows = reflected(self._shifts(batch, generator), images.shape[2])
        columns = reflected(self._shifts(batch, generator), images.shape[3])
        if self.flip:
            mirrored = torch.rand(batch, 1, generator=generator) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        augmented = gather(images, chosen, rows, columns)
        return self._blank(augmented, generator) if self.cutout else augmented

    def _shifts(self, batch: int, generator: torch.Generator) -> torch.Tensor:
        return torch.randint(-self.padding, self.padding + 1, (batch, 1), generator=generator)

    def _blank(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        batch, _, height, width = images.shape
        rows = self._band(batch, height, generator)[:, None, :, None]
        columns = self._band(batch, width, generator)[:, None, None, :]
        fill = torch.tensor(self.fill, dtype=torch.uint8, device=images.device)[:, None, None]
        return torch.where((rows & columns).to(images.device), fill, images)

    def _band(self, batch: int, size: int, generator: torch.Generator) -> torch.Tensor:
        """(batch, size) bool, True on `cutout` neighbours around a random centre."""
        first = torch.randint(size, (batch, 1), generator=generator) - self.cutout // 2
        distance = torch.arange(size) - first
        return (distance >= 0) & (distance < self.cutout)


def reflected(shifts: torch.Tensor, size: int) -> torch.Tensor:
    """Which pixel stands where after a shift by (b, 1) pixels: (b, size) indices, mirrored at the borders.

    >>> reflected(torch.tensor([[-2], [1]]), 4).tolist()
    [[2, 1, 0, 1], [1, 2, 3, 2]]
    """
    last = size - 1
    return last - (last - (torch.arange(size) + shifts).abs()).abs()


def gather(images: torch.Tensor, chosen: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """`out[i, c, y, x] = images[chosen[i], c, rows[i, y], columns[i, x]]`, of shape (b, C, H, W)."""
    device = images.device
    channels = torch.arange(images.shape[1], device=device)
    return images[
        chosen.to(device)[:, None, None, None],
        channels[:, None, None],
        rows.to(device)[:, None, :, None],
        columns.to(device)[:, None, None, :],
    ]
