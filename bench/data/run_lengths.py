"""Masks of objects as run lengths, the way COCO stores them: pixels column by column, background first.

The counts of runs are kept as the compressed text of pycocotools, which is the extra `coco`. It trusts what it is
handed and reads beyond broken text, so everything from outside is checked here first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from bench.errors import InputError

mask: Any = None
with suppress(ImportError):  # optional: extra `coco`
    mask = import_module("pycocotools.mask")

DIGIT, MORE, SIGN = 0x1F, 0x20, 0x10  # of a character: five bits of a number, more follow, its sign
FIRST = 48  # the character of zero
LONGEST = 7  # characters of one count, more than 32 bits take


def require() -> None:
    """Refuse to go on without pycocotools.

    Raises:
        InputError: it is not installed.
    """
    if mask is None:
        raise InputError("COCO's form needs pycocotools, which is not installed: pip install 'innards[coco]'")


def counts_of(text: bytes) -> list[int]:
    """Run lengths of a compressed text; they may be negative if it is broken.

    >>> counts_of(b"52203")
    [5, 2, 2, 2, 5]

    Raises:
        ValueError: it ends within a number, or holds another character.
    """
    # Each character holds five bits, lowest first, and whether more follow; bit 5 of the last is the sign. From the
    # fourth count on the difference to the count two before is written, because runs of one column resemble the last's.
    counts: list[int] = []
    number, bits = 0, 0
    for character in text:
        value = character - FIRST
        if not 0 <= value < 2 * MORE:
            raise ValueError(f"its text holds the byte {character}")
        number |= (value & DIGIT) << bits
        bits += 5
        if value & MORE:
            if bits >= 5 * LONGEST:
                raise ValueError("its text holds a number without an end")
            continue
        if value & SIGN:
            number -= 1 << bits
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number, bits = 0, 0
    if bits:
        raise ValueError("its text ends within a number")
    return counts


def checked_counts(counts: Any, height: int, width: int) -> None:
    """Refuse run lengths that do not fill an image.

    Args:
        counts: a list of lengths, or compressed text.

    Raises:
        ValueError: the end of a sentence that begins with the annotation.
    """
    if isinstance(counts, str):
        try:
            counts = counts_of(counts.encode("ascii"))
        except UnicodeEncodeError:
            raise ValueError("its text is not ASCII") from None
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise ValueError("its counts must be a list of whole numbers or a text")
    if any(count < 0 for count in counts):
        raise ValueError(f"one of its counts is {min(counts)}")
    if sum(counts) != height * width:
        raise ValueError(f"its counts add up to {sum(counts):,}, the image has {height * width:,} pixels")


def of_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> bytes:
    """Compressed counts of the union of polygons, each [x0, y0, x1, y1, ...] in pixels, as pycocotools fills them."""
    # Four numbers are a box to pycocotools: the caller has refused polygons of fewer than three points.
    filled = mask.frPyObjects([list(map(float, polygon)) for polygon in polygons], height, width)
    return bytes(mask.merge(filled)["counts"])


def of_counts(counts: list[int] | str, height: int, width: int) -> bytes:
    """Compressed counts of run lengths that were checked."""
    if isinstance(counts, str):
        return counts.encode("ascii")
    return bytes(mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)["counts"])


def of_pixels(pixels: np.ndarray) -> list[bytes]:
    """Compressed counts of masks (n, H, W), nonzero inside."""
    fortran = np.asfortranarray(np.moveaxis(pixels != 0, 0, -1), dtype=np.uint8)
    return [bytes(encoded["counts"]) for encoded in mask.encode(fortran)] if pixels.shape[0] else []


def pixels_of(counts: Sequence[bytes], height: int, width: int) -> np.ndarray:
    """Masks (n, H, W) uint8, 1 inside, of compressed counts."""
    if not counts:
        return np.zeros((0, height, width), np.uint8)
    return np.ascontiguousarray(np.moveaxis(mask.decode(as_coco(counts, height, width)), -1, 0))


def decoded(text: bytes, height: int, width: int) -> np.ndarray:
    """A mask (H, W) bool of compressed counts, without pycocotools; a report needs no more.

    >>> decoded(b"52203", 2, 8).astype(int)
    array([[0, 0, 0, 1, 0, 1, 0, 0],
           [0, 0, 1, 0, 1, 0, 0, 0]])

    Raises:
        ValueError: the text is broken, or does not fill the image.
    """
    runs = counts_of(text)
    if sum(runs) != height * width or min(runs) < 0:
        raise ValueError(f"its counts do not fill {height * width:,} pixels")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def areas(counts: Sequence[bytes], height: int, width: int) -> np.ndarray:
    """Pixels (n,) inside each mask."""
    return np.asarray(mask.area(as_coco(counts, height, width)), np.int64) if counts else np.zeros(0, np.int64)


def as_coco(counts: Sequence[bytes], height: int, width: int) -> list[dict[str, Any]]:
    """Masks as pycocotools takes them."""
    return [{"size": [height, width], "counts": text} for text in counts]
