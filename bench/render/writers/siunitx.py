"""Numbers on paper: the parts that siunitx aligns, and the width that a column of them needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from bench.analysis.wording import MINUS
from bench.render.kit.table import Text
from bench.render.writers.tex import escape

LETTER, NARROW, SIGN = 4.0, 2.55, 6.2  # pt at 7 pt in Computer Modern, the widest of the usual fonts


@dataclass(frozen=True)
class Number:
    """The parts of a printed number as siunitx takes them.

    >>> from bench.render.kit.table import Datum, Column, show
    >>> Number.of(show(Datum(-1234.5, -1235.0, -1234.0), Column("x", "X", "estimate", "", float, digits=1)))
    Number(before='', sign='−', integer='1,234', decimals='5', after=' ± 0.5', stars='')
    """

    before: str
    sign: str
    integer: str
    decimals: str
    after: str
    stars: str

    @classmethod
    def of(cls, text: Text) -> Number | None:
        """The number that a cell shows; None if the cell holds none."""
        if not isinstance(text.sort, float) or not math.isfinite(text.sort):
            return None
        before, unbounded = ("<", text.main[1:]) if text.main.startswith("<") else ("", text.main)
        sign, magnitude = (unbounded[0], unbounded[1:]) if unbounded[0] in ("+", MINUS) else ("", unbounded)
        integer, _, decimals = magnitude.partition(".")
        return cls(before, sign, integer, decimals, f" {text.interval}" if text.interval else "", text.stars)

    @property
    def plain(self) -> str:
        """The number in ASCII without thousands separators, which is the form that siunitx parses."""
        point = f".{self.decimals}" if self.decimals else ""
        return f"{self.sign.replace(MINUS, '-')}{self.integer.replace(',', '')}{point}"

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
        options = [f"table-format={'+' if self.sign else ''}{sum(map(str.isdigit, self.integer))}{point}"]
        if self.before:
            options.append(f"table-space-text-pre={{{escape(self.before)}}}")
        return f"S[{','.join(options)}]@{{}}l"

    @property
    def width(self) -> float:
        """Width in points of all parts side by side."""
        return points(f"{self.before}{self.sign}{self.integer}.{self.decimals}{self.after}{self.stars}")


def widest(numbers: Sequence[Number]) -> Number | None:
    """The widest of each part in a column of numbers; None without any."""
    if not numbers:
        return None
    parts = [max((getattr(number, part.name) for number in numbers), key=points) for part in fields(Number)]
    return Number(*parts)


def points(text: str) -> float:
    """Width of a text in points at 7 pt, estimated a little too wide rather than too narrow."""
    widths = (NARROW if c in " .,:;()[]'ijl|" else SIGN if c in "+−±×=<>≥≤mwMW%" else LETTER for c in text)
    return sum(widths) + 1.0
