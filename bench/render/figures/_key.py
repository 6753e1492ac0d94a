"""A key of families at the foot of a drawing: a marker and a name for each, in lines that fit the width."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.lines import Line2D

from bench.render.kit.figure import Sheet
from bench.render.kit.style import MUTED, Medium, family

# In font sizes: widths of a letter, of a marker and of the room behind a name, and the height of a line.
LETTER, MARK, GAP, LINE = 0.58, 1.5, 1.6, 1.7


def height(medium: Medium, names: Sequence[str]) -> float:
    """Inches at the wide medium's font that the key needs."""
    return (len(_lines(medium, names)) * LINE + 0.6) * medium.small / 72 / medium.grow


def draw(sheet: Sheet, names: Sequence[str]) -> None:
    """A marker and a name per family at the foot of the sheet, since not every family has a name in the drawing."""
    medium = sheet.medium
    width, tall = sheet.drawing.get_size_inches() * 72 / medium.small  # in font sizes
    lines = _lines(medium, names)
    for row, line in enumerate(lines):
        x, y = 1.0, (len(lines) - row - 0.5) * LINE
        for name in line:
            marker = Line2D([(x + 0.4) / width], [y / tall], **family(name).marked(medium.font * 0.72))
            sheet.drawing.add_artist(marker)
            sheet.drawing.text(
                (x + MARK) / width, y / tall, name, fontsize=medium.small, color=MUTED, va="center_baseline"
            )
            x += MARK + LETTER * len(name) + GAP


def _lines(medium: Medium, names: Sequence[str]) -> list[list[str]]:
    """Names in lines that fit the medium's width."""
    room, used = medium.width * 72 / medium.small - 2, 0.0
    lines: list[list[str]] = [[]]
    for name in names:
        width = MARK + LETTER * len(name) + GAP
        if lines[-1] and used + width > room:
            lines.append([])
            used = 0.0
        lines[-1].append(name)
        used += width
    return lines
