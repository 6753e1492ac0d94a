"""A data set as every cell uses it: three splits of images, and the probe set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench.data.objects import Objects
from bench.data.validation_transform import ValidationTransform
from bench.remember import once

if TYPE_CHECKING:
    from bench.data.streamed import StreamedImages


class Images(Protocol):
    """An array of images, or a sequence that decodes those that are asked for (`bench.data.streamed`)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, C, H, W)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Any) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Attributes:
        images: (n, C, H, W) uint8, memory-mapped, or decoded when asked for; writing to it changes this process's copy,
            never the cache.
        labels: (n,) int64, indices into the set's classes.
        objects: what is annotated in each image, at the size of its file; None if images have a label and nothing else.
    """

    images: Images
    labels: np.ndarray
    objects: Objects | None = None

    def subset(self, chosen: Sequence[int] | np.ndarray) -> Split:
        """Some of the images; those that are streamed stay undecoded."""
        images = self.images
        part = images[chosen] if isinstance(images, np.ndarray) else images.subset(chosen)  # type: ignore[attr-defined]
        return Split(part, self.labels[chosen], self.objects and self.objects.subset(chosen))

    def transformed(self, transform: ValidationTransform) -> Split:
        """The images by a transform, in place of one that they had."""
        if isinstance(self.images, np.ndarray):
            if transform == ValidationTransform():
                return self
            return replace(self, images=_streamed(self.images).transformed(transform))
        return replace(self, images=self.images.transformed(transform))  # type: ignore[attr-defined]


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

    @property
    def probe_images(self) -> Images:
        """The probe set's images, in its order."""
        images = self.test.images
        if isinstance(images, np.ndarray):
            return images[self.probe]
        # Every cell of a network looks at them, so they are decoded once per process.
        key = ("probe images", self.fingerprint, str(images.transform))  # type: ignore[attr-defined]
        return _streamed(once(key, lambda: images[self.probe]))

    def transformed(self, transform: ValidationTransform) -> ImageSet:
        """The same images resized and cropped.

        Raises:
            InputError: they would not all be squares of one size.
        """
        parts = {name: getattr(self, name).transformed(transform) for name in ("train", "validation", "test")}
        changed = replace(self, **parts)
        assert changed.size  # refuses here what could not be shown to a network later
        return changed

    def normalised_by(self, mean: Sequence[float], std: Sequence[float]) -> ImageSet:
        """The same images with another normalisation, per channel on the 0..1 scale; gray ones take its mean."""
        if self.channels != len(mean):
            mean, std = ([float(np.mean(values))] * self.channels for values in (mean, std))
        return replace(self, mean=tuple(mean), std=tuple(std))


def _streamed(images: np.ndarray) -> StreamedImages:
    from bench.data import streamed  # it imports torch

    return streamed.of(images)
