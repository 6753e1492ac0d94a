"""Images that are decoded when they are asked for: sequences that stand where arrays of all images do not fit.

Decoding is torchcodec's where it is installed and PIL's elsewhere, with the same pixels; resizing is torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torchvision.transforms.v2 import InterpolationMode, functional

from bench.data import pictures
from bench.data.file_list import FileList
from bench.data.survey import PLAIN
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError

decode_jpeg: Callable[..., Any] | None
try:  # optional; its own errors are of many kinds where a library that it links to is missing
    from torchcodec.decoders import decode_jpeg
except (ImportError, OSError, RuntimeError):
    decode_jpeg = None

INTERPOLATIONS = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


class ImageReader(Protocol):
    """Where single images come from.

    Attributes:
        channels: of each image.
    """

    channels: int

    def __len__(self) -> int: ...

    def __call__(self, number: int) -> torch.Tensor:
        """One image, (C, H, W) uint8."""
        ...

    def side(self, transform: ValidationTransform) -> int:
        """Side of the squares that a transform makes of all images, pixels.

        Raises:
            InputError: it makes no squares of one size.
        """
        ...


class Files:
    """Reads image files.

    Args:
        channels: 1 or 3; gray images become RGB where others have colour.
        widths, heights: smallest and largest.
        square: whether every image is as wide as high.
    """

    def __init__(
        self, files: FileList, channels: int, widths: tuple[int, int], heights: tuple[int, int], *, square: bool
    ):
        self.files, self.channels = files, channels
        self.widths, self.heights, self.square = widths, heights, square

    def __len__(self) -> int:
        return len(self.files)

    def __call__(self, number: int) -> torch.Tensor:
        """See ImageReader.

        Raises:
            InputError: the file is damaged or gone.
        """
        return decode(self.files.path(number), self.channels, plain=bool(self.files.kind(number) & PLAIN))

    def side(self, transform: ValidationTransform) -> int:
        """See ImageReader."""
        return transform.side(self.widths, self.heights, square=self.square)


class Pixels:
    """Reads decoded images.

    Args:
        images: (n, C, H, W) uint8; an array that is mapped from a file goes to other processes as the file's name.
    """

    def __init__(self, images: np.ndarray):
        self.images, self.channels = images, images.shape[1]

    def __len__(self) -> int:
        return len(self.images)

    def __call__(self, number: int) -> torch.Tensor:
        """See ImageReader."""
        return torch.from_numpy(np.array(self.images[number]))

    def side(self, transform: ValidationTransform) -> int:
        """See ImageReader."""
        height, width = self.images.shape[2:]
        return transform.side((width, width), (height, height), square=width == height)

    def __reduce__(self) -> tuple[Any, ...]:
        images = self.images
        # A slice of a mapped array is one too, of the same file; only the whole one can be mapped again.
        if isinstance(images, np.memmap) and images.filename and not isinstance(images.base, np.memmap):
            return _mapped, (Path(images.filename),)
        return Pixels, (np.array(images),)


def _mapped(file: Path) -> Pixels:
    return Pixels(np.load(file, mmap_mode="r", allow_pickle=False))


class StreamedImages:
    """A sequence of images: `images[3]`, `images[10:20]` and `images[numbers]` decode what they name, as an array.

    >>> images = StreamedImages(Pixels(np.zeros((10, 1, 40, 30), np.uint8)), ValidationTransform(20, 16))
    >>> images.shape, images[2:5].shape, images.subset([0, 9]).shape
    ((10, 1, 16, 16), (3, 1, 16, 16), (2, 1, 16, 16))

    Args:
        reader: of the whole data set.
        transform: what is done to an image after it was decoded.
        numbers: which of the reader's images these are, (n,) int64; all of them by default.
        workers: processes that decode while a network computes; None leaves the number to the device.
        whole: whether a network sees them at their own sizes, in batches that are lists, and resizes them itself. As a
            sequence they are then squares of the transform's `resize`, in which the whole image is seen, out of shape.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        reader: ImageReader,
        transform: ValidationTransform | None = None,
        numbers: np.ndarray | None = None,
        workers: int | None = None,
        *,
        whole: bool = False,
    ):
        self.reader, self.transform = reader, transform or ValidationTransform()
        self.numbers = np.arange(len(reader)) if numbers is None else numbers
        self.workers, self.whole = workers, whole

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, C, side, side).

        Raises:
            InputError: the transform does not make squares of one size.
        """
        side = self._side() if self.whole else self.reader.side(self.transform)
        return len(self), self.reader.channels, side, side

    def __getitem__(self, chosen: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """One image (C, side, side) uint8, or several of them, (n, C, side, side)."""
        numbers = self.numbers[chosen]
        if np.ndim(numbers) == 0:
            return self._seen(int(numbers)).numpy()
        images = np.empty((len(numbers), *self.shape[1:]), np.uint8)
        for slot, number in zip(images, numbers.tolist(), strict=True):
            slot[:] = self._seen(number).numpy()
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or np.uint8, copy=False)

    def raw(self, position: int) -> torch.Tensor:
        """One image as it was decoded, (C, H, W) uint8."""
        return self.reader(int(self.numbers[position]))

    def subset(self, chosen: Sequence[int] | np.ndarray) -> StreamedImages:
        """Some of these images, still undecoded."""
        return self._with(numbers=self.numbers[np.asarray(chosen)])

    def transformed(self, transform: ValidationTransform) -> StreamedImages:
        """The same images by another transform, in place of the present one."""
        return self._with(transform=transform)

    def _with(self, **changes: Any) -> StreamedImages:
        given = {"transform": self.transform, "numbers": self.numbers, "workers": self.workers, "whole": self.whole}
        return StreamedImages(self.reader, **{**given, **changes})

    def _seen(self, number: int) -> torch.Tensor:
        image = self.reader(number)
        return (
            squashed(image, self._side(), self.transform.interpolation) if self.whole else apply(self.transform, image)
        )

    def _side(self) -> int:
        if self.transform.center_crop:
            raise InputError(
                f"center_crop = {self.transform.center_crop} would cut objects off: leave it out, images of annotated "
                "objects are seen whole"
            )
        if not self.transform.resize:
            raise InputError(
                "images of annotated objects need resize, the length that a network gives their shorter side, e.g. "
                "[training] with resize = 800"
            )
        return self.transform.resize


def of(images: Any) -> StreamedImages:
    """Images as they are if they are streamed already, else an array of them (n, C, H, W) uint8 as a sequence."""
    return images if isinstance(images, StreamedImages) else StreamedImages(Pixels(images))


def apply(transform: ValidationTransform, image: torch.Tensor) -> torch.Tensor:
    """(C, H, W) uint8 to (C, H', W') uint8."""
    if transform.resize:
        image = resized(image, transform.resize, transform.interpolation)
    if transform.center_crop:
        image = functional.center_crop(image, [transform.center_crop] * 2)
    return image.contiguous()


def resized(image: torch.Tensor, side: int, interpolation: str) -> torch.Tensor:
    """An image whose shorter side is `side` pixels long."""
    return functional.resize(image.contiguous(), [side], INTERPOLATIONS[interpolation], antialias=True)


def squashed(image: torch.Tensor, side: int, interpolation: str) -> torch.Tensor:
    """A whole image as a square, (C, side, side)."""
    return functional.resize(image.contiguous(), [side, side], INTERPOLATIONS[interpolation], antialias=True)


def is_whole(images: Any) -> bool:
    """Whether a network sees the images at their own sizes; see `StreamedImages`."""
    return isinstance(images, StreamedImages) and images.whole


def decode(file: Path, channels: int, *, plain: bool) -> torch.Tensor:
    """The pixels of an image file, (channels, H, W) uint8.

    Args:
        plain: whether it is a JPEG of which all decoders make the same pixels; see `bench.data.pictures.FileHeader`.

    Raises:
        InputError: the file is damaged or gone.
    """
    if plain and decode_jpeg is not None:
        with suppress(RuntimeError, OSError, ValueError):  # of a damaged file: PIL's sentence says more
            return decode_jpeg(file.read_bytes(), mode="RGB" if channels == 3 else "GRAY")
    picture = pictures.read(file)
    image = pictures.in_colour(picture) if channels == 3 else picture.image.convert("L")
    pixels = torch.from_numpy(np.array(image))
    return pixels.permute(2, 0, 1) if channels == 3 else pixels[None]
