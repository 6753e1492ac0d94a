"""Rows of small pictures, a row a network, as one image: a drawing with few and small parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from bench.render.kit.figure import Sheet
from bench.render.kit.names import in_two_lines
from bench.render.kit.style import INK, MUTED, Medium

LARGEST = 48  # pixels of a picture's side; larger ones are averaged down
SMALLEST = 24  # smaller ones are magnified, so that gaps are alike
SHADES = 64  # of a colour scale: few, so that images compress well
TOOLS = "gallery"  # what a script may add to figures of pictures
GAP = 0.08  # between pictures, share of a side
HEAD_PAD = 3  # between pictures and the words above them, pt


@dataclass(frozen=True)
class Row:
    """One network's pictures.

    Attributes:
        pictures: (K, h, w) on a colour scale, or (K, h, w, 3) from 0 to 1; NaN, or None for all, where there is none.
    """

    name: str
    pictures: np.ndarray | None
    control: bool = False


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """(K, h, w, ...) with sides of at most `LARGEST`: means of squares of pixels, or pixels repeated.

    >>> thumbnails(np.ones((2, 96, 96))).shape, thumbnails(np.ones((2, 8, 8))).shape
    ((2, 48, 48), (2, 24, 24))
    """
    step = -(-max(pictures.shape[1:3]) // LARGEST)
    if step == 1:
        times = max(SMALLEST // max(pictures.shape[1:3]), 1)
        return pictures.repeat(times, axis=1).repeat(times, axis=2)
    height, width = (side - side % step for side in pictures.shape[1:3])
    cut = pictures[:, :height, :width]
    squares = cut.reshape(len(cut), height // step, step, width // step, step, *cut.shape[3:])
    return squares.mean(axis=(2, 4))


def photographs(images: np.ndarray) -> np.ndarray:
    """(K, h, w, 3) from 0 to 1, of (K, C, H, W) uint8: in colours where there are three, else the mean in grey."""
    shown = np.moveaxis(images, 1, -1) / 255.0
    return thumbnails(shown if shown.shape[-1] == 3 else shown.mean(-1, keepdims=True).repeat(3, axis=-1))


def anchor(kind: str, model: str) -> str:
    """A figure's id for one model, whose name may be that of a file or a function.

    >>> anchor("channels", "package.module:network")
    'channels-package-module-network'
    """
    return f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', model).strip('-')}"


def alike(rows: Sequence[Row], scale: str, ends: tuple[float, float]) -> list[Row]:
    """The same rows with pictures of the largest one's size, by the nearest pixel, and all in colours where one is."""
    there = [row.pictures for row in rows if row.pictures is not None]
    height, width = (max((pictures.shape[axis] for pictures in there), default=0) for axis in (1, 2))
    colours = any(pictures.ndim == 4 for pictures in there)

    def changed(pictures: np.ndarray) -> np.ndarray:
        down, across = (np.arange(size) * own // size for size, own in zip((height, width), pictures.shape[1:3]))
        pictures = pictures[:, down][:, :, across]
        return _coloured(pictures, scale, ends) if colours and pictures.ndim == 3 else pictures

    return [row if row.pictures is None else replace(row, pictures=changed(row.pictures)) for row in rows]


def _coloured(pictures: np.ndarray, scale: str, ends: tuple[float, float]) -> np.ndarray:
    painted = mpl.colormaps[scale].resampled(SHADES)((pictures - ends[0]) / (ends[1] - ends[0]))[..., :3]
    painted[~np.isfinite(pictures)] = np.nan
    return painted


def tiled(rows: Sequence[Row], columns: int) -> np.ndarray:
    """All pictures, of one size, in one array; NaN between them and where there is none."""
    there = next(row.pictures for row in rows if row.pictures is not None)
    height, width = there.shape[1:3]
    gap = max(1, round(GAP * width))
    shape = (len(rows) * (height + gap) - gap, columns * (width + gap) - gap, *there.shape[3:])
    tiles = np.full(shape, np.nan)
    for down, row in enumerate(rows):
        if row.pictures is None:
            continue
        for across, picture in enumerate(row.pictures[:columns]):
            top, left = down * (height + gap), across * (width + gap)
            tiles[top : top + height, left : left + width] = picture
    return tiles


def draw(
    panel: Axes,
    rows: Sequence[Row],
    heads: Sequence[str],
    medium: Medium,
    *,
    named: bool,
    names: float,
    scale: str = "gray",
    ends: tuple[float, float] = (0.0, 1.0),
) -> None:
    """Rows of pictures with a word above each column, and names at the left where `named`.

    Args:
        names: inches that there are for them.
        scale: of colours, for pictures without their own.
        ends: of the scale.
    """
    columns = len(heads)
    tiles = tiled(alike(rows, scale, ends), columns)
    panel.imshow(
        _opaque(tiles) if tiles.ndim == 3 else tiles,
        vmin=ends[0],
        vmax=ends[1],
        cmap=mpl.colormaps[scale].resampled(SHADES),
        interpolation="none",
        aspect="auto",
        extent=(0.0, float(columns), float(len(rows)), 0.0),
    )
    _bare(panel)
    places = [place + 0.5 for place in range(columns)]
    panel.xaxis.tick_top()
    panel.set_xticks(places, list(heads))
    letters = max(int(names * 72 / (0.6 * medium.small)), 8)
    shown = [wrapped(row.name, letters) for row in rows]
    panel.set_yticks([place + 0.5 for place in range(len(rows))], shown if named else [""] * len(rows))
    panel.tick_params(length=0, pad=HEAD_PAD)
    for text, row in zip(panel.get_yticklabels(), rows):
        text.set_color(MUTED if row.control else INK)
        text.set_linespacing(0.95)
    for place, row in enumerate(rows):
        if row.pictures is None:
            panel.text(0.1, place + 0.5, "none", va="center", color=MUTED, fontsize=medium.small, style="italic")


def _opaque(tiles: np.ndarray) -> np.ndarray:
    """Colours with what is not a number transparent."""
    return np.dstack([np.nan_to_num(np.clip(tiles, 0, 1)), np.isfinite(tiles).all(axis=2)])


def wrapped(name: str, most: int) -> str:
    """In one line, or in two of about the same length."""
    width = most if len(name) <= most else min(len(name) // 2 + 5, most)
    return in_two_lines(name, width)


def _bare(panel: Axes) -> None:
    for spine in panel.spines.values():
        spine.set_visible(False)


def bar(sheet: Sheet, place: tuple[float, float, float, float], scale: str, words: tuple[str, str]) -> None:
    """A horizontal colour scale with a word at each of its ends; `place` in inches from the lower left."""
    width, height = sheet.drawing.get_size_inches()
    left, bottom, wide, tall = place
    panel = sheet.drawing.add_axes((left / width, bottom / height, wide / width, tall / height))
    shades = np.linspace(0, 1, SHADES)[None]
    colors = mpl.colormaps[scale].resampled(SHADES)
    panel.imshow(shades, cmap=colors, aspect="auto", interpolation="none", extent=(0, 1, 0, 1))
    _bare(panel)
    panel.set_xticks([])
    panel.set_yticks([])
    for x, word, side in ((-0.03, words[0], "right"), (1.03, words[1], "left")):
        panel.text(x, 0.45, word, ha=side, va="center", color=MUTED, fontsize=sheet.medium.small)
