"""Small pictures of photographs and maps."""

from __future__ import annotations

import numpy as np

LARGEST = 48  # pixels of a picture's side; larger ones are averaged down
SMALLEST = 24  # smaller ones are magnified, so that gaps are alike


def thumbnails(pictures: np.ndarray, largest: int = LARGEST, smallest: int = SMALLEST) -> np.ndarray:
    """(K, h, w, ...) with sides of at most `largest`: means of squares of pixels, or pixels repeated.

    >>> thumbnails(np.ones((2, 96, 96))).shape, thumbnails(np.ones((2, 8, 8))).shape
    ((2, 48, 48), (2, 24, 24))
    """
    step = -(-max(pictures.shape[1:3]) // largest)
    if step == 1:
        times = max(smallest // max(pictures.shape[1:3]), 1)
        return pictures.repeat(times, axis=1).repeat(times, axis=2)
    # A side shorter than a square's is averaged whole, so that a very long picture doesn't vanish.
    down, across = (min(step, side) for side in pictures.shape[1:3])
    rows, columns = pictures.shape[1] // down, pictures.shape[2] // across
    cropped = pictures[:, : rows * down, : columns * across]
    return cropped.reshape(len(cropped), rows, down, columns, across, *cropped.shape[3:]).mean(axis=(2, 4))


def photographs(images: np.ndarray, largest: int = LARGEST, smallest: int = SMALLEST) -> np.ndarray:
    """(K, h, w, 3) from 0 to 1, of (K, C, H, W) uint8: in colour if C is 3, else the mean over channels in grey."""
    shown = np.moveaxis(images, 1, -1) / 255.0
    coloured = shown if shown.shape[-1] == 3 else shown.mean(-1, keepdims=True).repeat(3, axis=-1)
    return thumbnails(coloured, largest, smallest)
