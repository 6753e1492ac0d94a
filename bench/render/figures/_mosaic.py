"""Small pictures as one image: a row per network, a column per picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from bench.analysis.looks import Looks
from bench.diagnose.diagnostic import spread
from bench.render.figures import _rows
from bench.render.kit.figure import Figure, Sheet, empty, inset, note
from bench.render.kit.names import cut, in_two_lines
from bench.render.kit.pictures import photographs
from bench.render.kit.style import INK, MUTED, Medium
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

SHADES = 64  # of a colour scale: few, so that images compress well
TOOLS = "gallery"  # the controls that a page's script adds to figures of pictures
GAP = 0.08  # between pictures, share of a side
HEAD_PAD = 3  # between pictures and the words above them, pt
MOST = {"wide": 12, "narrow": 6, "print": 9}  # columns


@dataclass(frozen=True)
class Strip:
    """One network's pictures.

    Attributes:
        pictures: (K, h, w) on a colour scale, or (K, h, w, 3) from 0 to 1; NaN where a picture is missing, None if all
            are.
    """

    name: str
    pictures: np.ndarray | None
    control: bool = False

    @classmethod
    def of(cls, name: str, variant: PlannedVariant, pictures: np.ndarray | None) -> Strip:
        """A variant's pictures; the original, which all rows show, is no control."""
        return cls(name, pictures, variant.control and variant.label != ORIGINAL)


@dataclass(frozen=True)
class Mosaic:
    """All that is drawn.

    Attributes:
        heads: a word above each column.
        over: a word above the heads, written once for neighbours that share it; empty for none.
        scale: colour map of pictures without colours of their own.
        ends: values at the ends of the scale.
    """

    strips: list[Strip]
    heads: tuple[str, ...]
    over: tuple[str, ...] = ()
    scale: str = "gray"
    ends: tuple[float, float] = (0.0, 1.0)


def originals(arrays: Mapping[str, np.ndarray]) -> list[Strip]:
    """A strip of a diagnostic's source images; empty if it kept none."""
    if "real" not in arrays:
        return []
    return [Strip("Image", photographs(arrays["real"]), control=True)]


def illustration(
    looks: Looks,
    model: str,
    kind: str,
    title: str,
    sentences: str,
    alt: str,
    drawing: Callable[[Medium], Sheet],
    tables: tuple[str, ...],
    *,
    see: str = "",
    details: str = "",
) -> Figure:
    """A figure of one seed's pictures; its caption says that they are no evidence, and where to `see` numbers."""
    n = looks.study.seeds
    seed = f"One seed ({looks.first_seed(model)}) of n = {n}; an illustration without interval or test{see}."
    folded = f"{details} {seed}".strip()
    return Figure(anchor(kind, model), title, sentences, alt, drawing, tables, tools=TOOLS, details=folded)


def anchor(kind: str, model: str) -> str:
    """A figure's id for one model, whose name may be that of a file or a function.

    >>> anchor("channels", "package.module:network")
    'channels-package-module-network'
    """
    return f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', model).strip('-')}"


def alike(strips: Sequence[Strip], scale: str, ends: tuple[float, float]) -> list[Strip]:
    """The same strips with pictures of the largest one's size, and all in colour if one is."""
    # Maps of a small layer stand below photographs, filters of three channels beside filters of one. One image needs
    # one size and one kind of pixel: pixels are repeated by the nearest index, so that small maps stay visibly coarse,
    # and numbers get the colours that the scale would have given them.
    present = [strip.pictures for strip in strips if strip.pictures is not None]
    height, width = (max((pictures.shape[axis] for pictures in present), default=0) for axis in (1, 2))
    colours = any(pictures.ndim == 4 for pictures in present)

    def changed(pictures: np.ndarray) -> np.ndarray:
        down, across = (np.arange(size) * side // size for size, side in zip((height, width), pictures.shape[1:3]))
        pictures = pictures[:, down][:, :, across]
        return _coloured(pictures, scale, ends) if colours and pictures.ndim == 3 else pictures

    return [strip if strip.pictures is None else replace(strip, pictures=changed(strip.pictures)) for strip in strips]


def _coloured(pictures: np.ndarray, scale: str, ends: tuple[float, float]) -> np.ndarray:
    colours = mpl.colormaps[scale].resampled(SHADES)((pictures - ends[0]) / (ends[1] - ends[0]))[..., :3]
    colours[~np.isfinite(pictures)] = np.nan
    return colours


def tiled(strips: Sequence[Strip], columns: int) -> np.ndarray:
    """All pictures, of one size, in one array; NaN between them and where one is missing."""
    # One image instead of one per picture: an SVG or PDF holds a header and a transform for each image, which for
    # pictures of a few pixels is more than the pixels.
    example = next(strip.pictures for strip in strips if strip.pictures is not None)
    height, width = example.shape[1:3]
    gap = max(1, round(GAP * width))
    shape = (len(strips) * (height + gap) - gap, columns * (width + gap) - gap, *example.shape[3:])
    tiles = np.full(shape, np.nan)
    for down, strip in enumerate(strips):
        for across, picture in enumerate(() if strip.pictures is None else strip.pictures[:columns]):
            top, left = down * (height + gap), across * (width + gap)
            tiles[top : top + height, left : left + width] = picture
    return tiles


def columns(mosaic: Mosaic, most: int) -> list[int]:
    """Indices of at most so many columns, evenly spread; the same ones in each group if all groups are alike.

    >>> columns(Mosaic([], tuple("abcabc"), tuple("111222")), 4)
    [0, 2, 3, 5]
    """
    names = dict.fromkeys(mosaic.over)
    groups = [[index for index, over in enumerate(mosaic.over) if over == name] for name in names]
    heads = {tuple(mosaic.heads[index] for index in group) for group in groups}
    if len(heads) != 1 or len(groups) > most:
        return list(spread(len(mosaic.heads), most))
    within = spread(len(groups[0]), most // len(groups))
    return [group[index] for group in groups for index in within]


def paint(mosaic: Mosaic, medium: Medium) -> Sheet:
    """All networks, and as many columns as the medium has room for."""
    chosen = columns(mosaic, MOST[medium.layout])
    names, above = names_width(medium), (0.42 if mosaic.over else 0.24) * medium.grow
    side = min((medium.width - names - 0.08) / len(chosen), 0.72 * medium.grow)
    wide, tall = side * len(chosen), side * len(mosaic.strips)
    sheet = empty(medium, tall + above + 0.05)
    panel = inset(sheet, names, 0.05, wide, tall)
    strips = [
        strip if strip.pictures is None else replace(strip, pictures=strip.pictures[chosen]) for strip in mosaic.strips
    ]
    letters = medium.letters(side, 2)
    heads = tuple(cut(mosaic.heads[index], letters) for index in chosen)
    draw(panel, replace(mosaic, strips=strips, heads=heads), medium, named=True, names=names)
    _name_groups(panel, [mosaic.over[index] for index in chosen] if mosaic.over else [], side, medium)
    return sheet


def names_width(medium: Medium) -> float:
    """Inches for the networks' names at the left."""
    return _rows.name_width(medium) * medium.grow * 0.8


def _name_groups(panel: Axes, names: list[str], side: float, medium: Medium) -> None:
    for name in dict.fromkeys(names):
        first, count = names.index(name), names.count(name)
        text = cut(name, medium.letters(count * side, 3, 0.62))
        at, offset = ((first + count / 2) / len(names), 1), (0, medium.small * 2.1)
        note(panel, text, at, offset, medium, xycoords="axes fraction", ha="center", va="center")


def draw(panel: Axes, mosaic: Mosaic, medium: Medium, *, named: bool, names: float) -> None:
    """Draw the strips with a word above each column.

    Args:
        named: whether to write the strips' names at the left, into `names` inches.
    """
    across, down = len(mosaic.heads), len(mosaic.strips)
    tiles = tiled(alike(mosaic.strips, mosaic.scale, mosaic.ends), across)
    panel.imshow(
        _opaque(tiles) if tiles.ndim == 3 else tiles,
        vmin=mosaic.ends[0],
        vmax=mosaic.ends[1],
        cmap=mpl.colormaps[mosaic.scale].resampled(SHADES),
        interpolation="none",
        aspect="auto",
        extent=(0.0, float(across), float(down), 0.0),
    )
    _bare(panel)
    panel.xaxis.tick_top()
    panel.set_xticks([column + 0.5 for column in range(across)], list(mosaic.heads))
    letters = medium.letters(names, 8)
    labels = [wrapped(strip.name, letters) if named else "" for strip in mosaic.strips]
    panel.set_yticks([row + 0.5 for row in range(down)], labels)
    panel.tick_params(length=0, pad=HEAD_PAD)
    for row, (text, strip) in enumerate(zip(panel.get_yticklabels(), mosaic.strips)):
        text.set_color(MUTED if strip.control else INK)
        text.set_linespacing(0.95)
        if strip.pictures is None:
            panel.text(0.1, row + 0.5, "none", va="center", color=MUTED, fontsize=medium.small, style="italic")


def _opaque(tiles: np.ndarray) -> np.ndarray:
    """(h, w, 4) colours; transparent where they are NaN."""
    return np.dstack([np.nan_to_num(np.clip(tiles, 0, 1)), np.isfinite(tiles).all(axis=2)])


def wrapped(name: str, most: int) -> str:
    """A name in one line, or in two of about the same length."""
    return in_two_lines(name, most if len(name) <= most else min(len(name) // 2 + 5, most))


def _bare(panel: Axes) -> None:
    for spine in panel.spines.values():
        spine.set_visible(False)


def bar(sheet: Sheet, box: tuple[float, float, float, float], scale: str, words: tuple[str, str]) -> None:
    """Draw a horizontal colour scale with a word at each end; `box` is left, bottom, width, height in inches."""
    panel = inset(sheet, *box)
    colors = mpl.colormaps[scale].resampled(SHADES)
    panel.imshow(np.linspace(0, 1, SHADES)[None], cmap=colors, aspect="auto", interpolation="none", extent=(0, 1, 0, 1))
    _bare(panel)
    panel.set_xticks([])
    panel.set_yticks([])
    for x, word, side in ((-0.03, words[0], "right"), (1.03, words[1], "left")):
        panel.text(x, 0.45, word, ha=side, va="center", color=MUTED, fontsize=sheet.medium.small)
