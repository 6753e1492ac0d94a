"""Many small pictures as one image inside a page, of which each place shows its own part."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

ACROSS = 32  # pictures in a line
BLOCK = 8  # pixels: JPEG codes squares of this side by themselves
LOSSLESS = 100_000  # bytes up to which nothing is worth losing
QUALITY = 85  # of JPEG


@dataclass(frozen=True)
class Sprite:
    """One image of many pictures of one size.

    Attributes:
        uri: the image, as a data URI; empty without pictures.
        width, height: of the whole image, pixels.
        boxes: by picture, the viewBox of an SVG that shows it.
    """

    uri: str
    width: int
    height: int
    boxes: tuple[str, ...]


def sprite(pictures: Sequence[np.ndarray], *, photographs: bool = False) -> Sprite:
    """Pack (h, w, 3) pictures from 0 to 1, all of one size.

    >>> sprite([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).boxes
    ('0 0 8 8', '8 0 8 8')

    Args:
        photographs: whether a picture may lose what nobody sees, where that saves bytes.
    """
    # An image for each picture would hold a header and a palette for a few pixels. Each picture begins at a multiple of
    # BLOCK and repeats its edge up to the next, so that JPEG does not mix neighbours.
    if not len(pictures):
        return Sprite("", 0, 0, ())
    height, width = pictures[0].shape[:2]
    tall, wide = (-(-side // BLOCK) * BLOCK for side in (height, width))
    across = min(ACROSS, len(pictures))
    sheet = np.zeros((-(-len(pictures) // across) * tall, across * wide, 3), np.uint8)
    boxes = []
    for index, picture in enumerate(pictures):
        top, left = index // across * tall, index % across * wide
        pixels = np.rint(255 * np.clip(np.nan_to_num(picture, nan=0.5), 0, 1)).astype(np.uint8)
        sheet[top : top + tall, left : left + wide] = np.pad(
            pixels, ((0, tall - height), (0, wide - width), (0, 0)), mode="edge"
        )
        boxes.append(f"{left} {top} {width} {height}")
    return Sprite(_uri(sheet, photographs), sheet.shape[1], sheet.shape[0], tuple(boxes))


def _uri(sheet: np.ndarray, photographs: bool) -> str:
    kind, data = "png", _encoded(sheet, "PNG", optimize=True)
    if photographs and len(data) > LOSSLESS:
        lossy = _encoded(sheet, "JPEG", quality=QUALITY, subsampling=0)
        kind, data = ("jpeg", lossy) if len(lossy) < len(data) else (kind, data)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _encoded(sheet: np.ndarray, form: str, **options: object) -> bytes:
    image, buffer = Image.fromarray(sheet), io.BytesIO()
    if form == "PNG":
        grey = bool((sheet == sheet[..., :1]).all())
        colours = image.getcolors(maxcolors=256)
        if grey:
            image = image.convert("L")
        elif colours:  # exact: no more colours than a palette holds
            image = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=len(colours), dither=Image.Dither.NONE)
    image.save(buffer, form, **options)
    return buffer.getvalue()
