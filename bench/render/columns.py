"""How a table's columns are set on paper: which fit side by side, and how wide each text may run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.render.table import Table, show

LINE = 390.0  # pt of the narrowest line that is counted on (NeurIPS has 397)
LETTER, NARROW, SIGN = 4.0, 2.55, 6.2  # pt at 7 pt in Computer Modern, the widest of the usual fonts
GAP = 6.0  # pt between two columns
NARROWEST_TEXT = 74.0  # pt that a column of words needs
NARROWEST_WORD = 56.0  # pt that a column of single words needs


@dataclass(frozen=True)
class Setting:
    """Columns of a table that are set side by side; a wide table has several, with the names repeated.

    Attributes:
        columns: indices into the table's.
        specification: for LaTeX's `tabular`.
        stars: by column index, the most stars a cell of it has.
        place: which of `count` settings of the table it is, from 1.
    """

    table: Table
    columns: tuple[int, ...]
    specification: str
    stars: dict[int, int] = field(default_factory=dict)
    place: int = 1
    count: int = 1


def settings(table: Table) -> list[Setting]:
    """The table, divided into as few settings as fit the line."""
    needs = {index: _need(table, index) for index in table.shown}
    stars = {index: max((len(row.cells[index].stars) for row in table.rows), default=0) for index in table.shown}
    parts = list(_parts(table, needs))
    return [
        Setting(table, part, _specification(table, part, needs), stars, place + 1, len(parts))
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
    return min(needs[index], NARROWEST_WORD if table.columns[index].kind == "verdict" else NARROWEST_TEXT)


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


def _specification(table: Table, part: tuple[int, ...], needs: dict[int, float]) -> str:
    numbers = sum(needs[index] + GAP for index in part if not table.columns[index].is_text)
    words = [index for index in part if table.columns[index].is_text]
    widths = _shares(words, needs, LINE - numbers - GAP * len(words))
    specs = [
        r">{\raggedright\arraybackslash}p{%.3f\linewidth}" % (widths[index] / (LINE + 7)) if index in words else "r"
        for index in part
    ]
    return "@{}" + "".join(specs) + "@{}"


def _shares(words: list[int], needs: dict[int, float], room: float) -> dict[int, float]:
    """Divide the room among columns of words: what it needs to whoever needs little, the rest by the root of need."""
    left, widths = list(words), {}
    while left:
        total = sum(math.sqrt(needs[index]) for index in left)
        share = {index: room * math.sqrt(needs[index]) / total for index in left}
        small = [index for index in left if needs[index] <= share[index]]
        for index in small or left:
            widths[index] = min(needs[index], share[index])
            room -= widths[index]
        left = [index for index in left if index not in small] if small else []
    return widths
