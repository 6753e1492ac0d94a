"""What is done to pixels before a network sees them, kept with every network that leaves the benchmark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench.data.validation_transform import Interpolation
from bench.errors import InputError


@dataclass(frozen=True)
class Preprocessing:
    """How images become a network's input: resized, cut to a square, then (pixels / 255 - mean) / std by channel.

    Attributes:
        size: side of the square images, pixels.
        channels: 1 or 3.
        mean, std: per channel, on the 0..1 scale; None if nobody recorded them.
        resize: length of the shorter side to which images were resized, with antialiasing, pixels; 0 if none was.
        center_crop: side of the square that was cut out of their centre then, pixels; 0 if none was.
        interpolation: of the resizing.
    """

    size: int
    channels: int
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: int = 0
    center_crop: int = 0
    interpolation: Interpolation = "bilinear"

    @property
    def complete(self) -> bool:
        """Whether the normalisation is recorded."""
        return self.mean is not None and self.std is not None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        left_out = {"resize": not self.resize, "center_crop": not self.center_crop, "interpolation": not self.resize}
        return {name: value for name, value in values.items() if not left_out.get(name)}

    def sentence(self) -> str:
        """How images of any size become squares, e.g. "square of 224 cut from the centre"; may be empty."""
        resized = (
            f"shorter side resized to {self.resize}, {self.interpolation} with antialiasing" if self.resize else ""
        )
        cropped = self.center_crop and f"square of {self.center_crop} cut from the centre"
        return ", ".join(step for step in (resized, cropped) if step)

    def normalising_by(self, mean: Sequence[float] | None, std: Sequence[float] | None) -> Preprocessing:
        """With another mean and standard deviation, or as it is if both are None.

        Raises:
            InputError: one of them is missing, they are not one number per channel, or a deviation is not positive.
        """
        if mean is None and std is None:
            return self
        if mean is None or std is None:
            raise InputError("mean and std belong together: give both or neither")
        means, deviations = (self._per_channel(name, values) for name, values in (("mean", mean), ("std", std)))
        if min(deviations) <= 0:
            raise InputError(f"std is positive, given {list(deviations)}")
        return replace(self, mean=means, std=deviations)

    def _per_channel(self, name: str, values: Any) -> tuple[float, ...]:
        try:
            numbers = () if isinstance(values, str | bytes | Mapping | Set) else tuple(values)
            listed = tuple(0.0 if isinstance(number, str | bytes) else float(number) for number in numbers)
        except (TypeError, ValueError):  # no list, or not one of numbers
            listed = numbers = ()
        texts = any(isinstance(number, str | bytes) for number in numbers)
        if texts or len(listed) != self.channels or not all(map(math.isfinite, listed)):
            given = list(numbers) if numbers else repr(values)
            raise InputError(f"{name} needs one number per channel, {self.channels} in all, given {given}")
        return listed
