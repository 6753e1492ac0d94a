"""Image files to one array of bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.data import pictures
from bench.data.picture_files import shown
from bench.errors import InputError

CHUNK = 256  # files a thread decodes at a time


class DecodedFiles(NamedTuple):
    """Pixels of all files, and what was done to some of them.

    Attributes:
        images: (n, C, H, W) uint8, in the files' order.
        notices: one sentence per thing that was done.
    """

    images: np.ndarray
    notices: tuple[str, ...]


Decoded = tuple[np.ndarray, tuple[str, ...]]  # pixels, and what was done to them


def decode(files: Sequence[Path]) -> DecodedFiles:
    """Decode files of one square size; gray if all files are gray, else all as RGB. Transparency is dropped.

    Raises:
        InputError: a file cannot be decoded, is not square, has more than 8 bits a channel, or differs in size.
    """
    width, height = pictures.size(files[0])
    if width != height:
        raise InputError(
            f"{shown(files[0])} is {width}×{height} pixels, only square images are accepted: crop or resize them"
        )
    images = list(_decode_all(files, (width, height)))
    notices = _tell(files, [traits for _, traits in images])
    channels = 1 if all(image.ndim == 2 for image, _ in images) else 3
    decoded = np.empty((len(files), channels, height, width), dtype=np.uint8)
    for slot, (image, _) in zip(decoded, images, strict=True):
        slot[:] = image if image.ndim == 2 else image.transpose(2, 0, 1)
    return DecodedFiles(decoded, notices)


def _tell(files: Sequence[Path], traits: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    named = [(trait, file) for file, of_file in zip(files, traits, strict=True) for trait in of_file]
    return pictures.tell(Counter(trait for trait, _ in named), dict(reversed(named)), _in_its_folder)


def _in_its_folder(file: Path) -> str:
    """A file's name with its class's and its part's, which says enough where the rest of the path is nobody's business.

    >>> _in_its_folder(Path("/home/me/mine/train/cats/1.gif"))
    'train/cats/1.gif'
    """
    return "/".join(file.parts[-3:])


def _decode_all(files: Sequence[Path], size: pictures.Size) -> Iterator[Decoded]:
    """Images in order. Threads suffice, because PIL releases the interpreter's lock while it decodes."""
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with ThreadPoolExecutor() as pool:
        for images in pool.map(partial(_decode_chunk, like=files[0], size=size), chunks):
            yield from images


def _decode_chunk(files: Sequence[Path], like: Path, size: pictures.Size) -> list[Decoded]:
    return [_decode_one(file, like, size) for file in files]


def _decode_one(file: Path, like: Path, size: pictures.Size) -> Decoded:
    """Pixels of one file: (H, W) if it is gray, else (H, W, 3)."""

    def refuse(found: pictures.Size) -> str:
        first = f"{shown(like)} is {size[0]}×{size[1]} pixels"
        other = f"images must have one size: {first}, {shown(file)} is {found[0]}×{found[1]}"
        return "" if found == size else other

    picture = pictures.read(file, refuse)
    gray = picture.image.mode in pictures.GRAY
    return np.asarray(picture.image.convert("L") if gray else pictures.in_colour(picture)), picture.traits
