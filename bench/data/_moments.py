"""Brightness of images: exact integer sums, so that the order of the images cannot change a bit."""

from __future__ import annotations

import math

import numpy as np

from bench.errors import InputError

WHITE = 255
CHUNK = 1024  # images widened at a time


def moments(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, on the 0..1 scale.

    Args:
        images: (n, C, H, W) uint8.

    Raises:
        InputError: a channel has one value everywhere, so that it cannot be normalised.
    """
    channels = range(images.shape[1])
    chunks = (images[start : start + CHUNK].astype(np.uint32) for start in range(0, len(images), CHUNK))
    sums = [(chunk.sum((0, 2, 3), np.int64), np.square(chunk).sum((0, 2, 3), np.int64)) for chunk in chunks]
    totals = [sum(int(total[channel]) for total, _ in sums) for channel in channels]
    squares = [sum(int(square[channel]) for _, square in sums) for channel in channels]
    count = images.size // images.shape[1]
    spreads = [count * square - total**2 for total, square in zip(totals, squares, strict=True)]  # count² variances
    for channel, spread in enumerate(spreads):
        if spread == 0:
            raise InputError(f"channel {channel} of all {len(images)} training images has the same value everywhere")
    mean = tuple(total / count / WHITE for total in totals)
    return mean, tuple(math.sqrt(spread) / count / WHITE for spread in spreads)
