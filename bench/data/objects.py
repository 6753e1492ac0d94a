"""Objects of images, annotated or detected: boxes, categories and masks, as many per image as there are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from bench.data import run_lengths

TINY = 1.0  # pixels; a box with a side of no more is as good as empty
BACKGROUND = "__background__"  # name of label 0 of detectors
UNUSED = "(unused {})"  # name of a label that stands for no class
ARRAYS = ("labels", "boxes", "areas", "crowds")  # of an image, one entry per object


@dataclass(frozen=True, eq=False)
class ImageObjects:
    """The k objects of one image.

    Attributes:
        image_id: of its file of annotations.
        size: height and width, pixels.
        labels: (k,) int64.
        boxes: (k, 4) float64 x, y, width, height, pixels.
        areas: (k,) float64 as annotated, square pixels: what calls an object small, medium or large.
        crowds: (k,) bool, whether it stands for a crowd.
        masks: compressed run lengths of each; see `bench.data.run_lengths`. Empty if the set has boxes alone.
    """

    image_id: int
    size: tuple[int, int]
    labels: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    crowds: np.ndarray
    masks: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, chosen: np.ndarray) -> ImageObjects:
        """Some of the objects, by a mask or by their numbers."""
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        masks = tuple(self.masks[number] for number in numbers) if self.masks else ()
        arrays = {name: getattr(self, name)[numbers] for name in ARRAYS}
        return replace(self, **arrays, masks=masks)

    def for_training(self, *, crowds: bool = False) -> ImageObjects:
        """The objects that a network learns from, with boxes that end where the image does.

        Boxes without width or height are left out, as torchvision's references and PQF do. Crowds are left out too
        unless asked for: the references drop them, PQF's training keeps them.
        """
        height, width = self.size
        corners = np.concatenate([self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]], axis=1)
        corners = np.clip(corners, 0, [width, height, width, height])
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        kept = (boxes[:, 2:] > 0).all(1) & (crowds | ~self.crowds)
        return replace(self, boxes=boxes).only(kept)

    def pixels(self) -> np.ndarray:
        """Masks (k, H, W) uint8, 1 inside.

        Raises:
            ValueError: the set has boxes alone.
        """
        if len(self.masks) != len(self):
            raise ValueError("these objects have boxes and no masks")
        return run_lengths.pixels_of(self.masks, *self.size)


@dataclass(frozen=True, eq=False)
class Detections:
    """The k objects that a network finds in one image.

    Attributes:
        labels: (k,) int64.
        scores: (k,) float32; the larger the surer.
        boxes: (k, 4) float32 x, y, width, height, pixels of the image's file.
        masks: compressed run lengths of each; None if the network finds boxes alone.
    """

    labels: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    masks: tuple[bytes, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)


def is_class(name: str) -> bool:
    """Whether a label's name is that of something to be detected.

    >>> is_class("dog"), is_class(BACKGROUND), is_class(UNUSED.format(12))
    (True, False, False)
    """
    return name != BACKGROUND and not name.startswith(UNUSED.partition("{")[0])


def teaches(boxes: np.ndarray) -> bool:
    """Whether an image stays among those that are trained on, by its boxes (k, 4), crowds included.

    torchvision's references and PQF drop images without any annotation, and those of which every box is at most one
    pixel wide or at most one pixel high.
    """
    return bool((boxes[:, 2:] > TINY).all(1).any())


@dataclass(frozen=True, eq=False)
class ObjectArrays:
    """Objects of n images, m in all, behind one another; arrays may be memory-mapped.

    Attributes:
        ends: (n,) int64, where each image's objects end.
        image_ids: (n,) int64.
        sizes: (n, 2) int64 height and width.
        labels, boxes, areas, crowds: (m, ...), see `ImageObjects`.
        masks: (bytes,) uint8, run lengths behind one another.
        mask_ends: (m,) int64, where each ends; (0,) if the set has boxes alone.
        category_ids: (classes,) int64, the id of each label in the file of annotations; -1 if it stands for none.
    """

    PREFIX: ClassVar[str] = "objects_"

    ends: np.ndarray
    image_ids: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    crowds: np.ndarray
    masks: np.ndarray
    mask_ends: np.ndarray
    category_ids: np.ndarray

    @classmethod
    def of(cls, images: Iterable[ImageObjects], category_ids: Sequence[int] = ()) -> ObjectArrays:
        """The objects of images, in order."""
        listed = list(images)
        counts = [len(image) for image in listed]
        texts = [text for image in listed for text in image.masks]
        return cls(
            ends=np.cumsum(counts, dtype=np.int64),
            image_ids=np.array([image.image_id for image in listed], np.int64),
            sizes=np.array([image.size for image in listed], np.int64).reshape(-1, 2),
            labels=_joined([image.labels for image in listed], np.int64),
            boxes=_joined([image.boxes for image in listed], np.float64).reshape(-1, 4),
            areas=_joined([image.areas for image in listed], np.float64),
            crowds=_joined([image.crowds for image in listed], np.bool_),
            masks=np.frombuffer(b"".join(texts), np.uint8),
            mask_ends=np.cumsum([len(text) for text in texts], dtype=np.int64),
            category_ids=np.array(category_ids, np.int64),
        )

    def __len__(self) -> int:
        return len(self.ends)

    def stored(self) -> dict[str, np.ndarray]:
        """Its arrays under names that no other array of a data set has."""
        return {f"{self.PREFIX}{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def read(cls, arrays: Mapping[str, np.ndarray]) -> ObjectArrays | None:
        """What `stored` gave; None if it is not among the arrays."""
        names = {field.name: f"{cls.PREFIX}{field.name}" for field in fields(cls)}
        return cls(**{name: arrays[key] for name, key in names.items()}) if names["ends"] in arrays else None

    def hash(self) -> bytes:
        """SHA-256 over all of it."""
        digest = hashlib.sha256()
        for name, values in self.stored().items():
            array = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
        return digest.digest()


class Objects:
    """Objects of images by position; `subset` is a view, nothing is copied.

    >>> box = ImageObjects(7, (4, 6), np.array([1]), np.array([[0, 0, 2, 3.0]]), np.array([6.0]), np.array([False]))
    >>> len(Objects(ObjectArrays.of([box]))), Objects(ObjectArrays.of([box]))[0].image_id
    (1, 7)
    """

    def __init__(self, arrays: ObjectArrays, numbers: np.ndarray | None = None):
        self.arrays = arrays
        self.numbers = np.arange(len(arrays)) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, position: int) -> ImageObjects:
        number, arrays = int(self.numbers[position]), self.arrays
        chosen = slice(int(arrays.ends[number - 1]) if number else 0, int(arrays.ends[number]))
        height, width = arrays.sizes[number].tolist()
        parts = {name: np.array(getattr(arrays, name)[chosen]) for name in ARRAYS}
        return ImageObjects(int(arrays.image_ids[number]), (height, width), **parts, masks=self._masks(chosen))

    @property
    def has_masks(self) -> bool:
        """Whether the set has masks, or boxes alone."""
        return len(self.arrays.mask_ends) > 0

    def subset(self, chosen: Sequence[int] | np.ndarray) -> Objects:
        """Those of some images."""
        return Objects(self.arrays, self.numbers[np.asarray(chosen)])

    def _masks(self, chosen: slice) -> tuple[bytes, ...]:
        ends = self.arrays.mask_ends
        if not len(ends):
            return ()
        first = int(ends[chosen.start - 1]) if chosen.start else 0
        starts = [first, *ends[chosen].tolist()]
        return tuple(self.arrays.masks[a:b].tobytes() for a, b in pairwise(starts))


def _joined(parts: list[np.ndarray], kind: Any) -> np.ndarray:
    return (
        np.concatenate([np.zeros((0, *parts[0].shape[1:]), kind), *parts]).astype(kind) if parts else np.zeros(0, kind)
    )
