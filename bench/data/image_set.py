"""A data set as every cell uses it: three splits of images, and the probe set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Attributes:
        images: (n, C, H, W) uint8, memory-mapped; writing to it changes this process's copy, never the cache.
        labels: (n,) int64, indices into the set's classes.
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images to train on, to choose on, and to report on.

    Attributes:
        name: short, as in file names and tables.
        title: as printed in captions.
        classes: names by label.
        train, validation: disjoint parts of the source's training images.
        test: the source's test images; nothing is ever chosen by them.
        probe: (p,) int64, sorted indices into test, on which activations are compared.
        mean, std: of each channel of `train`, on the 0..1 scale, or those that a network was trained with elsewhere.
        fingerprint: 16 hex digits that change if and only if the images or their splits do.
        content: fingerprint of all of the source's images, which names their folder in the cache.
        notices: what was done to some images when they were decoded, one sentence each.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    probe: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    content: str
    notices: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """1 for grayscale, 3 for colour."""
        return self.train.images.shape[1]

    @property
    def size(self) -> int:
        """Side of the square images, pixels."""
        return self.train.images.shape[2]

    def normalised_by(self, mean: Sequence[float], std: Sequence[float]) -> ImageSet:
        """The same images with another normalisation, per channel on the 0..1 scale; gray ones take its mean."""
        if self.channels != len(mean):
            mean, std = ([float(np.mean(values))] * self.channels for values in (mean, std))
        return replace(self, mean=tuple(mean), std=tuple(std))
