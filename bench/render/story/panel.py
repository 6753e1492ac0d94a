"""The panel that compares two networks, as it stands before a reader chooses others.

`templates/html/index.js` writes the same panel for any other pair, from the same data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.analysis import wording
from bench.analysis.wording import decimal
from bench.render.story.packed import Number, unpacked, unpacked_intervals

BLOCK_DIGITS, CLASS_DIGITS, ANSWER_DIGITS = 2, 1, 1  # as `page_data` rounds them
DASH = "–"
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Strip:
    """One line of a list of differences.

    Attributes:
        text: the difference with its interval, as printed.
        low, value, high: places on an axis whose zero is at 50 and whose ends are at 4 and 96; None if missing.
    """

    name: str
    text: str
    low: float | None
    value: float | None
    high: float | None


@dataclass(frozen=True)
class Panel:
    """A less B.

    Attributes:
        a, b: labels.
        difference: of the primary outcome, with its interval.
        levels, sizes: of A and of B.
        answers: on how many images one alone is right; empty if that is not measured.
        pairs: how many pairs there are to choose from.
        seeds, blocks, classes: the difference for each.
    """

    a: str
    b: str
    difference: str
    levels: tuple[str, str]
    sizes: tuple[str, str]
    answers: str
    pairs: int
    seeds: tuple[Strip, ...]
    blocks: tuple[Strip, ...]
    classes: tuple[Strip, ...]


def panel(data: Mapping[str, Any], network: str) -> Panel | None:
    """The default pair of a network in the page's data; None if there is no pair."""
    facts = data.get("by_network", {}).get(network)
    if not facts or facts["a"] not in facts["pairs"]["labels"] or facts["b"] not in facts["pairs"]["labels"]:
        return None
    pairs, a, b = facts["pairs"], facts["a"], facts["b"]
    if a == b:
        return None
    digits = data["digits"]
    pair = _Pair(pairs, a, b)
    return Panel(
        a=a,
        b=b,
        difference=f"{_printed(pair.intervals('difference', digits)[0], digits)} {data['unit']}".strip(),
        levels=tuple(_level(facts["level"].get(label), data) for label in (a, b)),  # type: ignore[arg-type]
        sizes=tuple(_size(facts["bytes"].get(label)) for label in (a, b)),  # type: ignore[arg-type]
        answers=_answers(pairs.get("images", 0), pair.answers(ANSWER_DIGITS)),
        pairs=pair.count,
        seeds=tuple(_strips([f"Seed {seed}" for seed in data["seeds"]], pair.seeds(digits), digits)),
        blocks=tuple(_strips(facts["blocks"], pair.intervals("blocks", BLOCK_DIGITS), BLOCK_DIGITS)),
        classes=tuple(_strips(facts["classes"], pair.intervals("classes", CLASS_DIGITS), CLASS_DIGITS)),
    )


class _Pair:
    """A pair in data that hold each pair once, the first label less the second."""

    def __init__(self, pairs: Mapping[str, Any], a: str, b: str):
        count = len(pairs["labels"])
        first, second = sorted(map(pairs["labels"].index, (a, b)))
        # Row after row of the upper triangle: (0, 1), (0, 2), ..., (1, 2), ...
        self._index = first * count - first * (first + 1) // 2 + second - first - 1
        self._swapped = pairs["labels"].index(a) > pairs["labels"].index(b)
        self._pairs = pairs
        self.count = count * (count - 1) // 2

    def intervals(self, key: str, digits: int) -> list[Sequence[Number]]:
        """The difference, or those by block or by class."""
        return [self._turned(row) for row in self._of_pair(unpacked_intervals(self._pairs.get(key, ""), digits))]

    def seeds(self, digits: int) -> list[Sequence[Number]]:
        return [self._turned([value]) for value in self._of_pair(unpacked(self._pairs["seeds"], digits))]

    def answers(self, digits: int) -> list[Number]:
        """On how many images A alone is right, and B alone; empty if that is not measured."""
        alone = self._of_pair(unpacked(self._pairs.get("answers", ""), digits))
        return alone[::-1] if self._swapped else alone

    def _of_pair(self, rows: list[_Row]) -> list[_Row]:
        size = len(rows) // self.count
        return rows[size * self._index : size * (self._index + 1)]

    def _turned(self, row: Sequence[Number]) -> Sequence[Number]:
        if not self._swapped:
            return row
        return [None if number is None else -number for number in (row[0], *row[:0:-1])]


def _printed(row: Sequence[Number], digits: int) -> str:
    value, low, high = (*row, None, None)[:3]
    if value is None:
        return DASH
    text = decimal(value, digits, signed=True)
    if low is None or high is None:
        return text
    return f"{text} [{decimal(low, digits, signed=True)}, {decimal(high, digits, signed=True)}]"


def _level(row: Sequence[Number] | None, data: Mapping[str, Any]) -> str:
    if not row or row[0] is None:
        return DASH
    return f"{decimal(row[0], data['digits'])}{data.get('level_unit', '')}"


def _size(count: int | None) -> str:
    return DASH if count is None else wording.size(count)


def _answers(images: int, alone: Sequence[Number]) -> str:
    counts = [decimal(count, ANSWER_DIGITS) for count in alone if count is not None]
    return "{} only A, {} only B, of {:,}".format(*counts, images) if len(counts) == 2 else ""


def _strips(names: Sequence[str], rows: Sequence[Sequence[Number]], digits: int) -> Iterator[Strip]:
    ends = [abs(number) for row in rows for number in row if number is not None]
    most = max(ends, default=0) or 1
    for name, row in zip(names, rows):
        value, low, high = (
            None if number is None else round(50 + 46 * number / most, 1) for number in (*row, None, None)[:3]
        )
        yield Strip(name, _printed(row, digits), low, value, high)
