"""Image files as pixels: upright, of 8 bits a channel, and of an animation the first frame."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.data.picture_files import shown
from bench.errors import InputError

Size = tuple[int, int]  # width, height
GRAY = frozenset(("1", "L", "LA", "La"))
WITH_ALPHA = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
SIDEWAYS = (5, 6, 7, 8)  # orientations of which rows and columns are exchanged
DEEP = ("I", "F")  # modes of more than 8 bits begin so
BITS_PER_SAMPLE, ORIENTATION = 258, 274  # TIFF's tags, which EXIF has too
# How the sensor's rows and columns become the picture's, by the tag's value; 1 is upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

ANIMATION = "of several frames or pages, the first is taken"
TRANSPARENT = "the transparency of pixels is dropped"
FOUR_INKS = "CMYK is converted to RGB without a colour profile"
ROTATED = "pictures are turned upright, as their EXIF data say"


@dataclass(frozen=True)
class Picture:
    """One decoded picture.

    Attributes:
        image: upright, in any of PIL's modes of 8 bits a channel or fewer.
        traits: what was done to it that the user should be told.
    """

    image: Image.Image
    traits: tuple[str, ...] = ()


def read(file: Path, refuse: Callable[[Size], str] = lambda size: "") -> Picture:
    """Decode a file.

    Args:
        refuse: says what is wrong with a width and height, before anything is decoded; empty if nothing is.

    Raises:
        InputError: it is no image, is damaged, has more than 8 bits a channel, or is of a size that is refused.
    """
    try:
        with Image.open(file) as image:
            problem = refuse(image.size)
            if not problem and not _is_deep(image):
                return _decoded(image)
            mode = image.mode
    except Exception as error:  # PIL's decoders raise anything on a damaged file
        raise InputError(unreadable(file, error)) from error
    raise InputError(problem or _too_deep(file, mode))


def size(file: Path) -> Size:
    """Width and height as stored, without decoding.

    Raises:
        InputError: it is no image.
    """
    try:
        with Image.open(file) as image:
            return image.size
    except Exception as error:
        raise InputError(unreadable(file, error)) from error


@dataclass(frozen=True)
class FileHeader:
    """What a file says of its picture.

    Attributes:
        size: width and height of the upright picture.
        gray: whether it has no colour.
        plain: whether it is an upright JPEG in gray or RGB, of which every decoder makes the same pixels.
        traits: see `Picture`.
    """

    size: Size
    gray: bool
    plain: bool
    traits: tuple[str, ...] = ()


def header(file: Path, data: bytes) -> FileHeader:
    """Read a file's header; its pixels are not decoded.

    Args:
        data: the file's content.

    Raises:
        InputError: it is no image, or has more than 8 bits a channel.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if _is_deep(image):
                raise InputError(_too_deep(file, image.mode))
            orientation = _orientation(image)
            several = getattr(image, "is_animated", False) and image.format != "MPO"
            told = {
                ANIMATION: several,
                ROTATED: orientation in UPRIGHT,
                FOUR_INKS: image.mode == "CMYK",
                TRANSPARENT: "transparency" in image.info or image.mode in WITH_ALPHA,
            }
            size = image.size[::-1] if orientation in SIDEWAYS else image.size
            plain = image.format == "JPEG" and image.mode in ("L", "RGB") and orientation not in UPRIGHT
            return FileHeader(size, image.mode in GRAY, plain, tuple(trait for trait, holds in told.items() if holds))
    except InputError:
        raise
    except Exception as error:  # PIL's decoders raise anything on a damaged file
        raise InputError(unreadable(file, error)) from error


def in_colour(picture: Picture) -> Image.Image:
    """As RGB; transparency is dropped."""
    # PIL warns of a transparent palette otherwise.
    image = picture.image.convert("RGBA") if picture.image.mode == "P" else picture.image
    return image.convert("RGB")


def tell(traits: Counter[str], examples: dict[str, Path], names: Callable[[Path], str] = str) -> tuple[str, ...]:
    """Log what was done to some of the files, one sentence per trait.

    Args:
        names: what to call a file in the sentences that are returned, where the log has its path.

    Returns:
        The sentences.
    """
    sentences = []
    for trait, count in sorted(traits.items()):
        files = "1 image file" if count == 1 else f"{count:,} image files, e.g."
        logging.getLogger(__name__).warning("%s %s: %s", files, shown(examples[trait]), trait)
        sentences.append(f"{files} {shown(names(examples[trait]))}: {trait}")
    return tuple(sentences)


def unreadable(file: Path, error: Exception) -> str:
    """The sentence about a file that PIL refuses."""
    reason = "of no known format" if isinstance(error, UnidentifiedImageError) else f"{type(error).__name__}: {error}"
    if isinstance(error, UnidentifiedImageError) and not file.stat().st_size:
        reason = "it is empty"
    return f"{shown(file)} cannot be read as an image ({shown(reason)}): remove or replace it"


def _too_deep(file: Path, mode: str) -> str:
    return f"{shown(file)} has more than 8 bits a channel (PIL's mode {mode!r}): convert it to 8-bit gray or RGB"


# PIL cuts 16-bit colour to its upper bytes without a word and calls the result RGB: only how the file is stored tells.
def _is_deep(image: Any) -> bool:
    if image.mode.startswith(DEEP):
        return True
    stored = [part for tile in image.tile for part in (tile[3] if isinstance(tile[3], tuple) else (tile[3],))]
    if any(isinstance(part, str) and ";16" in part for part in stored):
        return True
    if image.format == "PPM":
        return any(isinstance(part, int) and part > 255 for part in stored)
    bits = image.tag_v2.get(BITS_PER_SAMPLE, 8) if image.format == "TIFF" else 8
    return max(bits if isinstance(bits, tuple) else (bits,)) > 8


def _decoded(image: Image.Image) -> Picture:
    traits = []
    # A camera's MPO holds its picture twice; every other format with frames means to show them one after another.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        traits.append(ANIMATION)
        image.seek(0)
    image.load()
    turned = UPRIGHT.get(_orientation(image))
    if turned is not None:
        traits.append(ROTATED)
    if image.mode == "CMYK":
        traits.append(FOUR_INKS)
    if _is_transparent(image):
        traits.append(TRANSPARENT)
    return Picture(image if turned is None else image.transpose(turned), tuple(traits))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # of damaged EXIF data; the pixels are sound
        return 1


def _is_transparent(image: Image.Image) -> bool:
    if "transparency" not in image.info and image.mode not in WITH_ALPHA:
        return False
    alpha = image.convert("RGBA").getchannel("A")
    return bool(np.asarray(alpha).min() < 255)
