"""How a table's columns are set on paper: which fit side by side, and how wide each text may run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bench.render.kit.names import cut
from bench.render.kit.table import Row, Table, show
from bench.render.writers.siunitx import Number, Numbers, points
from bench.render.writers.tex import LONGEST_WORD

LINE = 390.0  # pt of the narrowest line that is counted on (NeurIPS has 397)
GAP = 6.0  # pt between two columns
NARROWEST_TEXT = 74.0  # pt that a column of words needs
BALANCES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)  # of the line, that parts may keep to


@dataclass(frozen=True)
class Setting:
    """Columns of a table that are set side by side; a wide table has several, with the names repeated.

    Attributes:
        columns: indices into the table's.
        specification: for LaTeX's `tabular`.
        widths: of the columns of words, pt, by column index.
        numbers: of the columns of numbers, by column index; none where all cells are holes.
        place: which of `count` settings of the table it is, from 1.
    """

    table: Table
    columns: tuple[int, ...]
    widths: dict[int, float]
    needs: dict[int, float]
    numbers: dict[int, Numbers]
    place: int
    count: int

    @property
    def specification(self) -> str:
        """For LaTeX's `tabular`: words in columns that wrap, numbers in columns of siunitx."""
        return "@{}" + "".join(map(self._specification, self.columns)) + "@{}"

    def _specification(self, index: int) -> str:
        if index in self.widths:
            return rf">{{\raggedright\arraybackslash}}p{{{self.widths[index] / (LINE + 7):.3f}\linewidth}}"
        return self.numbers[index].specification if index in self.numbers else "r"

    def ragged(self, index: int) -> bool:
        """Whether a column is one of siunitx, in which numbers end at different places."""
        return index in self.numbers and self.numbers[index].ragged

    @property
    def across(self) -> int:
        """LaTeX's columns: two for numbers with something behind them."""
        return len(self.columns) + sum(map(self.ragged, self.columns))

    @property
    def lines(self) -> int:
        """How many lines of text the table has, those that wrap counted as they will."""
        return sum(self._lines(row) for row in self.table.rows) + len(self.table.groups)

    def fitted(self, text: str) -> str:
        """A heading over all columns, cut to their width."""
        width = sum(self.widths.get(index, self.needs[index]) + GAP for index in self.columns)
        return cut(text, max(int(width / (1.4 * points(text) / max(len(text), 1))), 12))

    def _lines(self, row: Row) -> int:
        texts = ((width, show(row.cells[i], self.table.columns[i]).plain) for i, width in self.widths.items())
        return max((_wrapped(text, width) for width, text in texts), default=1)


def _wrapped(text: str, width: float) -> int:
    """Lines of a text that breaks between words, and within one that is wider than a line."""
    lines, room = 1, width
    for word in text.split():
        own = points(f"{word} ")
        if own > room and room < width:
            lines, room = lines + 1, width
        lines += math.ceil(own / width) - 1
        room -= own % width if own > width else own
    return lines


def settings(table: Table) -> list[Setting]:
    """The table, divided into as few settings as fit the line."""
    numbers = {
        index: made
        for index in table.shown
        if not table.columns[index].is_text and (made := Numbers.of(_numbers(table, index)))
    }
    needs = {index: _need(table, index, numbers.get(index)) for index in table.shown}
    parts = _balanced(table, {index: need for index, need in needs.items() if not _needless(table, index)})
    return [
        Setting(table, part, _widths(table, part, needs), needs, numbers, place + 1, len(parts))
        for place, part in enumerate(parts)
    ]


def _numbers(table: Table, index: int) -> list[Number]:
    read = (Number.read(show(row.cells[index], table.columns[index])) for row in table.rows)
    return [found for found in read if found]


def _needless(table: Table, index: int) -> bool:
    """Whether a column has what the caption has, the same in every row: seeds, and the least p they can give."""
    same = len({row.cells[index].value for row in table.rows}) == 1
    return table.columns[index].key in ("seeds", "p_least") and same


def _balanced(table: Table, needs: dict[int, float]) -> list[tuple[int, ...]]:
    """As few parts as fit the line, of about the same width: no column is left over for a part of its own."""
    parts = list(_parts(table, needs, LINE))
    for share in BALANCES:
        narrower = list(_parts(table, needs, share * LINE))
        if len(narrower) > len(parts):
            break
        parts = narrower
    return parts


def _parts(table: Table, needs: dict[int, float], line: float) -> Iterator[tuple[int, ...]]:
    """Columns in order, as many as fit; every further part begins with the first column again."""
    first, *rest = needs
    part, used = [first], _least(table, first, needs)
    for index in rest:
        width = GAP + _least(table, index, needs)
        if used + width > line and len(part) > 1:
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


def _need(table: Table, index: int, numbers: Numbers | None) -> float:
    """The width of a column without any wrapping."""
    column = table.columns[index]
    least = numbers.width if numbers else 0.0
    texts = [show(row.cells[index], column).plain for row in table.rows]
    wide = 1.08 if column.kind == "code" else 1.0
    heads = [column.title, f"({column.unit})" if column.unit else ""]
    return max(least, *(wide * points(text) for text in (*heads, *texts)))


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
    return 1.04 * max((points(word) for word in words), default=0.0) + 1.0
