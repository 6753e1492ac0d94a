"""The contract of a source of images: what it declares, and what it reads."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.data.objects import ObjectArrays
from bench.data.picture_files import shown
from bench.errors import InputError


@dataclass(frozen=True, eq=False)
class RawImages:
    """All images of a source, decoded.

    Attributes:
        train_images, test_images: (n, C, H, W) uint8, square, with 1 or 3 channels.
        train_labels, test_labels: (n,) int64, indices into classes.
        classes: names by label.
        notices: one sentence for each thing that was done to some images and that a reader must know of.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    notices: tuple[str, ...] = ()

    def arrays(self) -> dict[str, np.ndarray]:
        """The four arrays by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def fingerprint(self) -> str:
        """16 hex digits of the SHA-256 over all pixels, labels and class names."""
        # The same on every machine, and for every layout in memory: arrays are hashed in C order, little-endian, with
        # type and shape before the bytes, so that no two sets can run together into the same bytes.
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for name, array in self.arrays().items():
            little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            digest.update(f"{name} {little_endian.dtype.str} {array.shape}".encode())
            digest.update(little_endian.data)
        return digest.hexdigest()[:16]


def check(raw: RawImages) -> None:
    """Refuse what is not as `RawImages` says: it would be trained on, cut off or wrapped around, without a word.

    Raises:
        TypeError, ValueError: one sentence.
    """
    if not isinstance(raw, RawImages):
        raise TypeError(f"must return a {__name__}.RawImages, it returned a {type(raw).__name__}")
    if not all(isinstance(name, str) for name in raw.classes):
        raise TypeError(f"its classes must be texts, given {raw.classes!r}")
    if not all(isinstance(notice, str) for notice in raw.notices):
        raise TypeError(f"its notices must be texts, given {raw.notices!r}")
    if strange := [name for name in raw.classes if shown(name) != name]:
        raise ValueError(f"its classes must be texts without control characters, given {strange[0]!r}")
    for part in ("train", "test"):
        images, labels = getattr(raw, f"{part}_images"), getattr(raw, f"{part}_labels")
        if (
            images.dtype != np.uint8
            or images.ndim != 4
            or images.shape[1] not in (1, 3)
            or images.shape[2] != images.shape[3]
        ):
            raise ValueError(
                f"{part}_images must be uint8 of shape (n, 1 or 3, side, side), given {images.dtype} {images.shape}"
            )
        if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
            raise ValueError(f"{part}_labels must be whole numbers, one per image, given {labels.dtype} {labels.shape}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(raw.classes):
            raise ValueError(
                f"{part}_labels must be from 0 to {len(raw.classes) - 1}, given {labels.min()} to {labels.max()}"
            )


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Image files of any size, which can be decoded when they are needed instead of all at once.

    Attributes:
        root: the folder that paths are relative to.
        classes: names by label.
        train, test: yield label and path of every file, sorted by label, then by name; never all of them at once, since
            there may be millions.
        fixed_classes: whether the classes are those of a published data set, of which some may have few images or none.
        normalisation: published mean and standard deviation per channel, 0..1 scale; None if the images' own are used.
        objects: the annotated objects of all files, training files first, and a notice for each thing that was done to
            some of them; None if images have a label and nothing else. `label` is then any class that the image shows.
    """

    root: Path
    classes: tuple[str, ...]
    train: Callable[[], Iterator[tuple[int, str]]]
    test: Callable[[], Iterator[tuple[int, str]]]
    fixed_classes: bool = False
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    objects: Callable[[], tuple[ObjectArrays, tuple[str, ...]]] | None = None

    def stamp(self) -> str:
        """A hash of path, size and times of every file, as `listing` has them; made without holding them all.

        Raises:
            InputError: a file does not exist.
        """
        digest = hashlib.sha256(json.dumps([str(self.root), self.classes]).encode())
        for part in (self.train, self.test):
            digest.update(b"part")
            for label, path in part():
                try:
                    state = (self.root / path).stat()
                except OSError as error:
                    raise InputError(f"{shown(self.root / path)} cannot be read ({error.strerror})") from error
                times = f"{label} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"
                digest.update(os.fsencode(path) + b"\0" + times.encode() + b"\0")
        return digest.hexdigest()


class Source(ABC):
    """A source of images; nothing is read before `stamp` or `read` is called.

    The images are decoded once: they go into a cache under what `stamp` returns, and later runs map them from there. A
    source of one's own is complete with a name, a title and the two calls:

    >>> class Stripes(Source):
    ...     name = "stripes"
    ...     title = "Horizontal and vertical stripes"
    ...     def stamp(self):
    ...         return "one fixed set"
    ...     def read(self):
    ...         rows = np.zeros((8, 8), dtype=np.uint8)
    ...         rows[::2] = 255
    ...         images, labels = np.stack([rows, rows.T])[:, None], np.array([0, 1])
    ...         return RawImages(np.repeat(images, 10, 0), np.repeat(labels, 10), images, labels, ("rows", "columns"))
    >>> Stripes().read().train_images.shape
    (20, 1, 8, 8)

    A source of image files may also give them as `files`, which are streamed if they are of many sizes or too many.

    In a module of one's own it is the source `package.module:Stripes`; alone in `bench/data/sources/stripes.py` it is
    `stripes`. Torch, scikit-learn and PIL are imported inside `read` there, because a run that finds its images in the
    cache must start quickly.

    Args:
        argument: what follows the colon where a profile names the source.

    Attributes:
        name: short, as in file names and tables.
        title: as printed in captions.

    Class attributes:
        version: must be raised whenever the same files give other arrays or notices, so that they are decoded again.
        takes: what the argument is, e.g. "PATH"; empty if the source takes none.
    """

    name: str
    title: str
    version: ClassVar[int] = 1
    takes: ClassVar[str] = ""

    def __init__(self, argument: str = ""):
        self.argument = argument

    @abstractmethod
    def stamp(self) -> Any:
        """JSON that changes whenever the images may have changed, made without decoding them; see `listing`.

        Raises:
            InputError: the images do not exist.
        """

    @abstractmethod
    def read(self) -> RawImages:
        """Decode everything.

        Raises:
            InputError: the images do not exist or cannot be used.
        """

    def files(self) -> ImageFiles | None:
        """The images as files, by sources of files of any size; they may be streamed. None of all other sources."""
        return None


def listing(files: Iterable[Path]) -> list[list[str | int]]:
    """A stamp that needs no reading: path, size, and times of modification and status change of each file, sorted.

    The time of the last status change is included because a modification time can be set back.

    Raises:
        InputError: a file does not exist, e.g. behind a broken link.
    """
    try:
        states = [(str(file), file.stat()) for file in files]
    except OSError as error:
        raise InputError(f"{shown(error.filename)} cannot be read ({error.strerror})") from error
    return sorted([path, state.st_size, state.st_mtime_ns, state.st_ctime_ns] for path, state in states)
