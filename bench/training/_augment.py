"""Augmentation of whole batches, on the device where the images are, in uint8."""

# An epoch's decisions (shift, mirror, square) are drawn on the CPU and sent to the device in one piece: the same seed
# then decides alike on every device, and no step waits for a transfer. Shifting and mirroring only move pixels, so a
# batch is one gather. Working in uint8 moves a quarter of the bytes of float32; normalising comes after.

from __future__ import annotations

from collections.abc import Sequence

import torch

from bench.errors import InputError
from bench.training.recipe import Recipe


class Augmentation:
    """Select images, then shift them inside a reflected border, mirror them, and blank out a square.

    Args:
        recipe: its `flip`, `crop_padding` (largest shift along each axis, pixels) and `cutout` (side of the square,
            pixels; centred anywhere, so that it may reach over the border: DeVries and Taylor, Improved Regularization
            of Convolutional Neural Networks with Cutout, 2017, section 3.2) are used.
        fill: the square's value in each channel, on the 0..1 scale.
        size: side of the images, pixels.

    Raises:
        InputError: the images are too small to be reflected that far.
    """

    def __init__(self, recipe: Recipe, fill: Sequence[float], size: int, device: torch.device | str):
        if recipe.crop_padding >= size:
            raise InputError(
                f"crop_padding must be smaller than the images' side of {size} pixels, given {recipe.crop_padding}"
            )
        self.flip, self.padding, self.cutout, self.size = recipe.flip, recipe.crop_padding, recipe.cutout, size
        self.positions = torch.arange(size, device=device)
        self.channels = torch.arange(len(fill), device=device)[:, None, None]
        self.fill = torch.tensor([round(255 * c) for c in fill], dtype=torch.uint8, device=device)[:, None, None]

    def decide(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Draw what happens to `count` images.

        Returns:
            (count, 5) int64 on the CPU: shift down, shift right, mirrored or not, the square's row and column.
        """
        shifts = torch.randint(-self.padding, self.padding + 1, (count, 2), generator=generator)
        mirrored = torch.randint(2 if self.flip else 1, (count, 1), generator=generator)
        centres = torch.randint(self.size, (count, 2), generator=generator)
        return torch.cat([shifts, mirrored, centres], dim=1)

    def __call__(self, images: torch.Tensor, chosen: torch.Tensor, decisions: torch.Tensor) -> torch.Tensor:
        """Augmented copies of the chosen images.

        Args:
            images: (n, C, size, size) uint8, on the device.
            chosen: (b,) int64, on the device.
            decisions: (b, 5), see `decide`, on the device.

        Returns:
            (b, C, size, size) uint8.
        """
        down, right, mirrored, row, column = decisions[:, :, None].unbind(1)
        # Column x of the result comes from column x - right, in a mirrored image from size - 1 - x - right.
        rows = self._sources(self.positions - down)
        columns = self._sources(torch.where(mirrored > 0, self.positions.flip(0), self.positions) - right)
        augmented = images[
            chosen[:, None, None, None], self.channels, rows[:, None, :, None], columns[:, None, None, :]
        ]
        return self._blank(augmented, row, column) if self.cutout else augmented

    def _sources(self, positions: torch.Tensor) -> torch.Tensor:
        """Reflect positions beyond the border at the outermost pixel: -1 becomes 1, size becomes size - 2."""
        last = self.size - 1
        return last - (last - positions.abs()).abs()

    def _blank(self, images: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        inside = self._band(row)[:, None, :, None] & self._band(column)[:, None, None, :]
        return torch.where(inside, self.fill, images)

    def _band(self, centre: torch.Tensor) -> torch.Tensor:
        """(b, size) bool, True on `cutout` neighbours around each centre (b, 1)."""
        distance = self.positions - (centre - self.cutout // 2)
        return (distance >= 0) & (distance < self.cutout)
