"""What is done to every image before a network sees it: it is resized, and a square is cut out of its centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.errors import InputError

Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True, slots=True)
class ValidationTransform:
    """The deterministic part of a recipe's transforms; the default changes nothing.

    Args:
        resize: length of the shorter side, pixels; 0 leaves images as they are.
        center_crop: side of the square that is cut out of the centre, pixels; 0 cuts nothing.
        interpolation: by which images are resized, with antialiasing.
    """

    resize: int = 0
    center_crop: int = 0
    interpolation: Interpolation = "bilinear"

    def side(self, widths: tuple[int, int], heights: tuple[int, int], *, square: bool) -> int:
        """Side of the square images that it makes, pixels.

        Args:
            widths, heights: smallest and largest of the images.
            square: whether every image is as wide as high.

        Raises:
            InputError: the images would not all be squares of one size, or the crop reaches beyond them.
        """
        smallest = self.resize or min(widths[0], heights[0])
        if self.center_crop > smallest:
            of = f"resize = {self.resize}" if self.resize else f"the smallest image's side of {smallest} pixels"
            raise InputError(f"center_crop = {self.center_crop} reaches beyond {of}: give a larger resize")
        if self.center_crop:
            return self.center_crop
        if square and self.resize:
            return self.resize
        if square and widths[0] == widths[1]:
            return widths[0]
        raise InputError(
            f"images of {_range(widths)}×{_range(heights)} pixels become squares of one size by a recipe's resize "
            "(shorter side) and center_crop (square in the centre), e.g. [training] with resize = 256, "
            "center_crop = 224"
        )


def _range(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
