"""How a table's columns are set on paper: which fit side by side, and how wide each text may run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bench.render.names import cut
from bench.render.table import Row, Table, show
from bench.render.tex import LONGEST_WORD

LINE = 390.0  # pt of the narrowest line that is counted on (NeurIPS has 397)
LETTER, NARROW, SIGN = 4.0, 2.55, 6.2  # pt at 7 pt in Computer Modern, the widest of the usual fonts
GAP = 6.0  # pt between two columns
NARROWEST_TEXT = 74.0  # pt that a column of words needs


@dataclass(frozen=True)
class Setting:
    """Columns of a table that are set side by side; a wide table has several, with the names repeated.

    Attributes:
        columns: indices into the table's.
        specification: for LaTeX's `tabular`.
        widths: of the columns of words, pt, by column index.
        stars: by column index, the most stars a cell of it has.
        place: which of `count` settings of the table it is, from 1.
    """

    table: Table
    columns: tuple[int, ...]
    widths: dict[int, float]
    needs: dict[int, float]
    stars: dict[int, int]
    place: int
    count: int

    @property
    def specification(self) -> str:
        """For LaTeX's `tabular`: words in columns that wrap, numbers flush right."""
        specs = (
            rf">{{\raggedright\arraybackslash}}p{{{self.widths[index] / (LINE + 7):.3f}\linewidth}}"
            if index in self.widths
            else "r"
            for index in self.columns
        )
        return "@{}" + "".join(specs) + "@{}"

    @property
    def lines(self) -> int:
        """How many lines of text the table has, those that wrap counted as they will."""
        return sum(self._lines(row) for row in self.table.rows) + len(self.table.groups)

    def fitted(self, text: str) -> str:
        """A heading over all columns, cut to their width."""
        width = sum(self.widths.get(index, self.needs[index]) + GAP for index in self.columns)
        return cut(text, max(int(width / (1.4 * _width(text) / max(len(text), 1))), 12))

    def _lines(self, row: Row) -> int:
        texts = ((width, show(row.cells[i], self.table.columns[i]).plain) for i, width in self.widths.items())
        return max((_wrapped(text, width) for width, text in texts), default=1)


def _wrapped(text: str, width: float) -> int:
    """Lines of a text that breaks between words, and within one that is wider than a line."""
    lines, room = 1, width
    for word in text.split():
        own = _width(f"{word} ")
        if own > room and room < width:
            lines, room = lines + 1, width
        lines += math.ceil(own / width) - 1
        room -= own % width if own > width else own
    return lines


def settings(table: Table) -> list[Setting]:
    """The table, divided into as few settings as fit the line."""
    needs = {index: _need(table, index) for index in table.shown}
    stars = {index: max((len(row.cells[index].stars) for row in table.rows), default=0) for index in table.shown}
    parts = list(_parts(table, needs))
    return [
        Setting(table, part, _widths(table, part, needs), needs, stars, place + 1, len(parts))
        for place, part in enumerate(parts)
    ]


def _parts(table: Table, needs: dict[int, float]) -> Iterator[tuple[int, ...]]:
    """Columns in order, as many as fit; every further part begins with the first column again."""
    first, *rest = table.shown
    part, used = [first], _least(table, first, needs)
    for index in rest:
        width = GAP + _least(table, index, needs)
        if used + width > LINE and len(part) > 1:
            yield tuple(part)
            part, used = [first], _least(table, first, needs)
        part.append(index)
        used += width
    yield tuple(part)


def _least(table: Table, index: int, needs: dict[int, float]) -> float:
    """The least width of a column: words can wrap, numbers cannot."""
    if not table.columns[index].is_text:
        return needs[index]
    narrow = 0.0 if table.columns[index].kind == "verdict" else NARROWEST_TEXT
    return min(needs[index], max(_longest_word(table, index), narrow))


def _need(table: Table, index: int) -> float:
    """The width of a column without any wrapping."""
    column = table.columns[index]
    texts = [show(row.cells[index], column).plain for row in table.rows]
    wide = 1.08 if column.kind == "code" else 1.0
    heads = [column.title, f"({column.unit})" if column.unit else ""]
    return max(wide * _width(text) for text in (*heads, *texts))


def _width(text: str) -> float:
    """Points of a text at 7 pt, a little more rather than less."""
    return (
        sum(NARROW if each in " .,:;()[]'ijl|" else SIGN if each in "+−±×=<>≥≤mwMW%" else LETTER for each in text) + 1.0
    )


def _widths(table: Table, part: tuple[int, ...], needs: dict[int, float]) -> dict[int, float]:
    """Of the columns of words: what the numbers leave, divided."""
    numbers = sum(needs[index] + GAP for index in part if not table.columns[index].is_text)
    words = [index for index in part if table.columns[index].is_text]
    floors = {index: _longest_word(table, index) for index in words}
    return _shares(words, needs, floors, LINE - numbers - GAP * len(words))


def _shares(words: list[int], needs: dict[int, float], floors: dict[int, float], room: float) -> dict[int, float]:
    """Divide the room: to each its longest word, then the rest by the root of what more it needs, up to its need."""
    widths = {index: min(floors[index], needs[index]) for index in words}
    left = [index for index in words if needs[index] > widths[index]]
    rest = room - sum(widths.values())
    while left and rest > 0:
        total = sum(math.sqrt(needs[index] - floors[index]) for index in left)
        share = {index: rest * math.sqrt(needs[index] - floors[index]) / total for index in left}
        filled = [index for index in left if needs[index] - floors[index] <= share[index]]
        for index in filled or left:
            widths[index] += min(share[index], needs[index] - floors[index])
        rest = room - sum(widths.values())
        left = [index for index in left if index not in filled] if filled else []
    return widths


def _longest_word(table: Table, index: int) -> float:
    """Points of the widest word that cannot break, a little room added."""
    column = table.columns[index]
    cells = [] if column.kind == "code" else [show(row.cells[index], column).main for row in table.rows]  # code breaks
    words = {word for text in (column.title, *cells) for word in text.split() if len(word) <= LONGEST_WORD}
    return 1.04 * max((_width(word) for word in words), default=0.0) + 1.0
