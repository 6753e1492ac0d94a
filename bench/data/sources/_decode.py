"""Image files to one array of bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.errors import InputError

GRAY = frozenset(("1", "L", "LA", "La"))
DEEP = ("I", "F")  # modes of more than 8 bits begin so
CHUNK = 256  # files a thread decodes at a time

Size = tuple[int, int]  # width, height


def decode(files: Sequence[Path]) -> np.ndarray:
    """Decode files of one square size; gray if all files are gray, else all as RGB. Transparency is dropped.

    Returns:
        (n, C, H, W) uint8, in the files' order.

    Raises:
        InputError: a file cannot be decoded, is not square, has more than 8 bits a channel, or differs in size.
    """
    width, height = _size(files[0])
    if width != height:
        raise InputError(f"{files[0]} is {width}×{height} pixels, only square images are accepted: crop or resize them")
    images = list(_decode_all(files, (width, height)))
    channels = 1 if all(image.ndim == 2 for image in images) else 3
    decoded = np.empty((len(files), channels, height, width), dtype=np.uint8)
    for slot, image in zip(decoded, images, strict=True):
        slot[:] = image if image.ndim == 2 else image.transpose(2, 0, 1)
    return decoded


def _decode_all(files: Sequence[Path], size: Size) -> Iterator[np.ndarray]:
    """Images in order. Threads suffice, because PIL releases the interpreter's lock while it decodes."""
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with ThreadPoolExecutor() as pool:
        for images in pool.map(partial(_decode_chunk, like=files[0], size=size), chunks):
            yield from images


def _decode_chunk(files: Sequence[Path], like: Path, size: Size) -> list[np.ndarray]:
    return [_decode_one(file, like, size) for file in files]


def _decode_one(file: Path, like: Path, size: Size) -> np.ndarray:
    """Pixels of one file: (H, W) if it is gray, else (H, W, 3)."""
    try:
        with Image.open(file) as image:
            if image.size == size and not image.mode.startswith(DEEP):
                return _pixels(image)
            mode, (width, height) = image.mode, image.size
    except Exception as error:  # PIL's decoders raise anything on a damaged file
        raise InputError(_unreadable(file, error)) from error
    if (width, height) != size:
        raise InputError(f"images must have one size: {like} is {size[0]}×{size[1]} pixels, {file} is {width}×{height}")
    raise InputError(f"{file} has more than 8 bits a channel (PIL's mode {mode!r}): convert it to 8-bit gray or RGB")


def _pixels(image: Image.Image) -> np.ndarray:
    if image.mode == "P":
        image = image.convert("RGBA")  # PIL warns of a transparent palette otherwise
    return np.asarray(image.convert("L" if image.mode in GRAY else "RGB"))


def _size(file: Path) -> Size:
    try:
        with Image.open(file) as image:
            return image.size
    except Exception as error:
        raise InputError(_unreadable(file, error)) from error


def _unreadable(file: Path, error: Exception) -> str:
    reason = "of no known format" if isinstance(error, UnidentifiedImageError) else f"{type(error).__name__}: {error}"
    return f"{file} cannot be read as an image ({reason}): remove or replace it"
