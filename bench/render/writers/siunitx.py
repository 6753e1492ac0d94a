"""Numbers on paper: the parts that siunitx aligns, and the width that a column of them needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from bench.analysis.wording import MINUS
from bench.render.kit.table import Column, Datum, bounded_p, show
from bench.render.writers.tex import escape, spelled

LETTER, NARROW, SIGN = 4.0, 2.55, 6.2  # pt at 7 pt in Computer Modern, the widest of the usual fonts


@dataclass(frozen=True)
class Number:
    """The parts of a printed number as siunitx takes them.

    >>> from bench.render.kit.table import Datum, Column
    >>> Number.of(Datum(-1234.5, -1235.0, -1234.0), Column("x", "X", "estimate", "", float, digits=1))
    Number(before='', sign='-', integer='1234', decimals='5', after=' ± 0.5', stars='')
    """

    before: str
    sign: str
    integer: str
    decimals: str
    after: str
    stars: str

    @classmethod
    def of(cls, datum: Datum, column: Column[Any]) -> Number | None:
        """The number of a cell, to the digits of its column; None without one, or where something else is printed."""
        value = datum.value
        if column.alone or datum.instead or value is None or isinstance(value, bool | str) or not math.isfinite(value):
            return None
        before, magnitude, digits = "", abs(value), column.digits
        if column.kind == "p":
            before, magnitude, digits = bounded_p(value)
        integer, _, decimals = f"{magnitude:.{digits}f}".partition(".")
        is_zero = not any(digit in integer + decimals for digit in "123456789")
        sign = "" if is_zero else "-" if value < 0 else "+" if column.signed else ""
        text = show(datum, column)
        return cls(before, sign, integer, decimals, f" {text.interval}" if text.interval else "", text.stars)

    @property
    def plain(self) -> str:
        """The number in the form that siunitx parses."""
        return f"{self.sign}{self.integer}{f'.{self.decimals}' if self.decimals else ''}"

    @property
    def ragged(self) -> bool:
        """Whether an interval or stars follow it, so that flush right does not align decimal points."""
        return bool(self.after or self.stars)

    @property
    def specification(self) -> str:
        """The column for LaTeX's `tabular`, for numbers of which this is the `widest`."""
        # Setting a siunitx cell is slow. A column is printed with one number of decimals (p values apart), so if
        # nothing follows its numbers, flush right aligns them as well.
        if not self.ragged:
            return "r"
        point = f".{len(self.decimals)}" if self.decimals else ""
        options = [f"table-format={'+' if self.sign else ''}{len(self.integer)}{point}"]
        if self.before:
            options.append(f"table-space-text-pre={{{escape(self.before)}}}")
        return f"S[{','.join(options)}]@{{}}l"

    @property
    def width(self) -> float:
        """Width in points of all parts side by side."""
        printed = f"{self.sign.replace('-', MINUS)}{int(self.integer):,}.{self.decimals}"
        return points(f"{self.before}{printed}{self.after}{self.stars}")


def widest(numbers: Sequence[Number]) -> Number | None:
    """The widest of each part in a column of numbers; None without any."""
    if not numbers:
        return None
    parts = [max((getattr(number, part.name) for number in numbers), key=points) for part in fields(Number)]
    return Number(*parts)


@lru_cache(1 << 16)  # tables repeat words and numbers
def points(text: str) -> float:
    """Width of a text in points at 7 pt, estimated a little too wide rather than too narrow."""
    widths = (NARROW if c in " .,:;()[]'ijl|" else SIGN if c in "+−±×=<>≥≤mwMW%" else LETTER for c in spelled(text))
    return sum(widths) + 1.0
