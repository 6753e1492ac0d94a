"""What the colours and markers mean, below all panels, since not every family has a name in the drawing."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.lines import Line2D

from bench.render.kit.figure import Sheet
from bench.render.kit.style import MUTED, Medium, family

LETTER = 0.58  # width of a letter on average, in font sizes
MARK, GAP = 1.5, 1.6  # widths of a marker and of the room behind a name, in font sizes
LINE = 1.7  # height of a line, in font sizes


def height(medium: Medium, names: Sequence[str]) -> float:
    """Inches at the wide medium's font that the key needs."""
    return (len(_lines(medium, names)) * LINE + 0.6) * medium.small / 72 / medium.grow


def draw(sheet: Sheet, names: Sequence[str]) -> None:
    """A marker and a name for each family, at the foot of the sheet."""
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
            x += _width(name)


def _width(name: str) -> float:
    return MARK + LETTER * len(name) + GAP


def _lines(medium: Medium, names: Sequence[str]) -> list[list[str]]:
    """Names in lines that fit the medium's width."""
    room, used = medium.width * 72 / medium.small - 2, 0.0
    lines: list[list[str]] = [[]]
    for name in names:
        if lines[-1] and used + _width(name) > room:
            lines.append([])
            used = 0.0
        lines[-1].append(name)
        used += _width(name)
    return lines
