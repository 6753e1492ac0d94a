"""Pictures of one model as a figure: a row a network, a column a picture."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing

from bench.diagnose.diagnostic import spread
from bench.render.figures import _mosaic, _rows
from bench.render.kit.figure import Sheet
from bench.render.kit.names import cut
from bench.render.kit.style import MUTED, Medium

MOST = {"wide": 12, "narrow": 6, "print": 9}  # columns


@dataclass(frozen=True)
class Grid:
    """What is drawn.

    Attributes:
        rows: networks.
        heads: a word above each column.
        over: above the heads, said once where neighbours share it; empty for none.
        scale: of colours, for pictures without their own.
        ends: of the scale.
    """

    rows: list[_mosaic.Row]
    heads: tuple[str, ...]
    over: tuple[str, ...] = ()
    scale: str = "gray"
    ends: tuple[float, float] = (0.0, 1.0)


def columns(found: Grid, most: int) -> list[int]:
    """Places of at most so many columns, at even distances; the same ones in each group, where groups are alike.

    >>> columns(Grid([], tuple("abcabc"), tuple("111222")), 4)
    [0, 2, 3, 5]
    """
    groups = [[place for place, over in enumerate(found.over) if over == name] for name in dict.fromkeys(found.over)]
    alike = len({tuple(found.heads[place] for place in group) for group in groups}) == 1
    if not alike or len(groups) > most:
        return list(spread(len(found.heads), most))
    within = spread(len(groups[0]), most // len(groups))
    return [group[place] for group in groups for place in within]


def paint(found: Grid, medium: Medium) -> Sheet:
    """All networks; of the columns, at even distances, as many as there is room for."""
    grow = medium.font / 8.4
    chosen = columns(found, MOST[medium.layout])
    names, above = _rows.name_width(medium) * grow * 0.8, (0.42 if found.over else 0.24) * grow
    side = min((medium.width - names - 0.08) / len(chosen), 0.72 * grow)
    wide, tall = side * len(chosen), side * len(found.rows)
    height = tall + above + 0.05
    sheet = Sheet(medium, Drawing(figsize=(medium.width, height)))
    FigureCanvasAgg(sheet.drawing)
    panel = sheet.drawing.add_axes((names / medium.width, 0.05 / height, wide / medium.width, tall / height))
    rows = [_mosaic.Row(row.name, None if row.pictures is None else row.pictures[chosen], row.control)
            for row in found.rows]  # fmt: skip
    letters = max(int(side * 72 / (0.6 * medium.small)), 2)
    heads = [cut(found.heads[place], letters) for place in chosen]
    _mosaic.draw(panel, rows, heads, medium, named=True, names=names, scale=found.scale, ends=found.ends)
    if found.over:
        _name_groups(panel, [found.over[place] for place in chosen], side, medium)
    return sheet


def _name_groups(panel: Axes, names: list[str], side: float, medium: Medium) -> None:
    """Above the heads, once for all columns of a group."""
    for name in dict.fromkeys(names):
        first, count = names.index(name), names.count(name)
        letters = max(int(count * side * 72 / (0.62 * medium.small)), 3)
        panel.annotate(
            cut(name, letters), ((first + count / 2) / len(names), 1), (0, medium.small * 2.1), va="center",
            xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=medium.small, color=MUTED,
        )  # fmt: skip
