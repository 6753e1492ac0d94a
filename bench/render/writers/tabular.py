"""How a table is set on paper: which columns fit side by side, and how wide each column of words may run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from bench.render.kit.names import cut
from bench.render.kit.table import Column, Row, Table, show
from bench.render.writers.siunitx import Number, points, widest
from bench.render.writers.tex import LONGEST_WORD, spelled

LINE = 390.0  # pt of the narrowest text block to expect (NeurIPS has 397)
GAP = 6.0  # pt between two columns
NARROWEST_TEXT = 74.0  # pt that a column of words needs
BALANCES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)  # shares of the line to try as narrower limits
Widths = dict[Column[Any], float]  # pt by column
TOGETHER = 14  # most lines of a table that stays on one page
FIRST, LAST = 3, 4  # rows of a longer one that stay with its head, and with its foot
MOST_TIED = 9  # lines of these: of tall rows fewer are enough
TALL, ABOVE = 9.2, 90.0  # pt of a line, and of a caption and a head
CONSTANTS = ("seeds", "p_least")  # keys of columns that repeat the caption if all their rows are the same


@dataclass(frozen=True)
class Tabular:
    """Columns of a table that are set side by side; a wide table has several, each starting with the first column.

    Attributes:
        widths: pt of each column of words.
        needs: pt that each column would take without wrapping.
        numbers: widest parts of each column of numbers; a column of holes alone has none.
        number: position among the table's `count` tabulars, from 1.
    """

    table: Table
    columns: tuple[Column[Any], ...]
    widths: Widths
    needs: Widths
    numbers: dict[Column[Any], Number]
    number: int
    count: int

    @property
    def specification(self) -> str:
        """For LaTeX's `tabular`: words in columns that wrap, numbers in columns of siunitx."""
        return "@{}" + "".join(map(self._specification, self.columns)) + "@{}"

    def _specification(self, column: Column[Any]) -> str:
        if column in self.widths:
            return rf">{{\raggedright\arraybackslash}}p{{{self.widths[column] / (LINE + 7):.3f}\linewidth}}"
        return self.numbers[column].specification if column in self.numbers else "r"

    def ragged(self, column: Column[Any]) -> bool:
        """Whether a column takes two of LaTeX's: a siunitx column, and one for what follows its numbers."""
        return column in self.numbers and self.numbers[column].ragged

    @property
    def across(self) -> int:
        """Number of LaTeX's columns."""
        return len(self.columns) + sum(map(self.ragged, self.columns))

    @cached_property
    def lines(self) -> int:
        """Number of lines of text, wrapped rows included."""
        return sum(self._heights) + len(self.table.groups)

    @property
    def tied(self) -> list[bool]:
        """By row: whether no page ends behind it, so that none holds a head, or a foot, with a single row."""
        # Rows of several lines would add up to half a page that has to be free, and stays empty where it is not.
        heights = [self._height(row) for row in self.table.rows]
        size, above = len(heights), list(accumulate(heights))
        below = [sum(heights) - lines for lines in above]
        return [
            self.lines <= TOGETHER
            or (number < FIRST and above[number] < MOST_TIED)
            or (size - LAST <= number + 1 < size and below[number] < MOST_TIED)
            for number in range(size)
        ]

    @property
    def room(self) -> int:
        """Pt that a page must have left for it to begin there: up to the first place where a page may end."""
        # If there is less, LaTeX finds that out inside the table, and puts a foot and a head around what was before it.
        tied = [*self.tied, False]
        opening = sum(self._heights[: tied.index(False) + 1])
        return math.ceil(ABOVE + TALL * (opening + min(len(self.table.groups), 2)))

    def fitted(self, text: str) -> str:
        """A heading over all columns, cut to their width."""
        width = sum(self.widths.get(column, self.needs[column]) + GAP for column in self.columns)
        return cut(text, max(int(width / (1.4 * points(text) / max(len(text), 1))), 12))

    @cached_property
    def _heights(self) -> list[int]:
        """Number of lines of each row."""
        return [self._height(row) for row in self.table.rows]

    def _height(self, row: Row) -> int:
        """Number of lines of a row, those of its longest text."""
        texts = ((width, show(row[column.key], column).plain) for column, width in self.widths.items())
        return max((_wrapped(text, width) for width, text in texts), default=1)


def _wrapped(text: str, width: float) -> int:
    """Number of lines of a text that breaks between words, and inside a word that is wider than a line."""
    # Greedy, as TeX sets ragged text in a narrow column: a word that no longer fits starts a line. A word wider than
    # a line fills as many full lines as it needs (`escape` lets it break anywhere), and what is left of it takes room
    # on the last one. The count decides only whether a table floats or breaks over pages, so an estimate will do.
    lines, room = 1, width
    for word in text.split():
        length = points(f"{word} ")
        if length > room and room < width:
            lines, room = lines + 1, width
        lines += math.ceil(length / width) - 1
        room -= length % width if length > width else length
    return lines


def tabulars(table: Table) -> list[Tabular]:
    """Divide a table into as few tabulars as fit the line."""
    numbers = {
        column: number for column in table.shown if not column.is_text and (number := widest(_numbers(table, column)))
    }
    needs = {column: _need(table, column, numbers.get(column)) for column in table.shown}
    parts = _balanced(table, {column: need for column, need in needs.items() if not _needless(table, column)})
    return [
        Tabular(table, columns, _widths(table, columns, needs), needs, numbers, number, len(parts))
        for number, columns in enumerate(parts, 1)
    ]


def _numbers(table: Table, column: Column[Any]) -> list[Number]:
    numbers = (Number.of(row[column.key], column) for row in table.rows)
    return [number for number in numbers if number]


def _needless(table: Table, column: Column[Any]) -> bool:
    """Whether a column repeats the caption: seeds, or the least p they can give, the same in every row."""
    return column.key in CONSTANTS and len({row[column.key].value for row in table.rows}) == 1


def _balanced(table: Table, needs: Widths) -> list[tuple[Column[Any], ...]]:
    """Divide columns into as few parts as fit the line, of similar widths."""
    # Filling one line after another gives the fewest parts, but the last of them may be a single column beside the
    # repeated names. So the same greedy filling is tried with ever narrower lines, and the narrowest that needs no
    # more parts wins: widths even out because no part can be wider than that line.
    parts = list(_parts(table, needs, LINE))
    for share in BALANCES:
        narrower = list(_parts(table, needs, share * LINE))
        if len(narrower) > len(parts):
            break
        parts = narrower
    return parts


def _parts(table: Table, needs: Widths, line: float) -> Iterator[tuple[Column[Any], ...]]:
    """Columns in order, as many as fit a line; each further part begins with the first column again."""
    first, *rest = needs
    part, used = [first], _least(table, first, needs)
    for column in rest:
        width = GAP + _least(table, column, needs)
        if used + width > line and len(part) > 1:
            yield tuple(part)
            part, used = [first], _least(table, first, needs)
        part.append(column)
        used += width
    yield tuple(part)


def _least(table: Table, column: Column[Any], needs: Widths) -> float:
    """The least width of a column in pt: words can wrap, numbers cannot."""
    if not column.is_text:
        return needs[column]
    return min(needs[column], max(_longest_word(table, column), 0.0 if column.kind == "verdict" else NARROWEST_TEXT))


def _need(table: Table, column: Column[Any], numbers: Number | None) -> float:
    """The width of a column in pt without any wrapping."""
    typewriter = 1.08 if column.kind == "code" else 1.0
    heads = [column.title, f"({column.unit})" if column.unit else ""]
    texts = [*heads, *(show(row[column.key], column).plain for row in table.rows)]
    return max(numbers.width if numbers else 0.0, *(typewriter * points(text) for text in texts))


def _widths(table: Table, columns: tuple[Column[Any], ...], needs: Widths) -> Widths:
    """Widths in pt of the columns of words: they share what the numbers leave of the line."""
    numbers = sum(needs[column] + GAP for column in columns if not column.is_text)
    words = [column for column in columns if column.is_text]
    floors = {column: _longest_word(table, column) for column in words}
    return _shares(words, needs, floors, LINE - numbers - GAP * len(words))


def _shares(words: list[Column[Any]], needs: Widths, floors: Widths, room: float) -> Widths:
    """Give each column its longest word, then share the rest by the square root of the extra width it wants."""
    # The root lies between equal shares, which starve a column of sentences, and proportional ones, which let it
    # starve the others. A column that wants less than its share is filled up and leaves the round, and what it does
    # not use is shared again among those that remain, so that each round fills a column or spends all that is left.
    widths = {column: min(floors[column], needs[column]) for column in words}
    hungry = [column for column in words if needs[column] > widths[column]]
    rest = room - sum(widths.values())
    while hungry and rest > 0:
        roots = {column: math.sqrt(needs[column] - floors[column]) for column in hungry}
        shares = {column: rest * roots[column] / sum(roots.values()) for column in hungry}
        filled = [column for column in hungry if needs[column] - floors[column] <= shares[column]]
        for column in filled or hungry:
            widths[column] += min(shares[column], needs[column] - floors[column])
        rest = room - sum(widths.values())
        hungry = [column for column in hungry if column not in filled] if filled else []
    return widths


def _longest_word(table: Table, column: Column[Any]) -> float:
    """Width in pt of the widest word that cannot break, with a little room added."""
    cells = [] if column.kind == "code" else [show(row[column.key], column).main for row in table.rows]  # code breaks
    words = {word for text in (column.title, *cells) for word in text.split() if len(spelled(word)) <= LONGEST_WORD}
    if column.unit:  # below the title, which then stands in a line of its own that cannot break
        words.add(column.title)
    return 1.04 * max((points(word) for word in words), default=0.0) + 1.0
