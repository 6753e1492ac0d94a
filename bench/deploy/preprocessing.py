"""What is done to pixels before a network sees them, kept with every network that leaves the benchmark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.errors import InputError


@dataclass(frozen=True)
class Preprocessing:
    """How images become a network's input: (pixels / 255 - mean) / std, channel by channel.

    Attributes:
        size: side of the square images, pixels.
        channels: 1 or 3.
        mean, std: per channel, on the 0..1 scale; None if nobody recorded them.
    """

    size: int
    channels: int
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @property
    def complete(self) -> bool:
        """Whether the normalisation is recorded."""
        return self.mean is not None and self.std is not None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def normalising_by(self, mean: Sequence[float] | None, std: Sequence[float] | None) -> Preprocessing:
        """With another mean and standard deviation, or as it is if both are None.

        Raises:
            InputError: one of them is missing, they are not one number per channel, or a deviation is not positive.
        """
        if mean is None and std is None:
            return self
        if mean is None or std is None:
            raise InputError("mean and std belong together: give both or neither")
        for name, values in (("mean", mean), ("std", std)):
            if len(values) != self.channels or not all(map(math.isfinite, values)):
                raise InputError(f"{name} needs one number per channel, {self.channels} in all, given {list(values)}")
        if min(std) <= 0:
            raise InputError(f"std is positive, given {list(std)}")
        return Preprocessing(self.size, self.channels, tuple(map(float, mean)), tuple(map(float, std)))
