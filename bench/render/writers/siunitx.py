"""Numbers on paper: taken apart as siunitx wants them, and how wide they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.render.kit.table import Text
from bench.render.writers.tex import escape

LETTER, NARROW, SIGN = 4.0, 2.55, 6.2  # pt at 7 pt in Computer Modern, the widest of the usual fonts
_NUMBER = re.compile(r"(<?)([+−]?)([\d,]+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Number:
    """A printed number, taken apart as siunitx wants it.

    >>> Number.read(Text("−1,234.5", "± 0.3"))
    Number(before='', sign='−', whole='1,234', decimals='5', after=' ± 0.3', stars='')
    """

    before: str
    sign: str
    whole: str
    decimals: str
    after: str
    stars: str

    @classmethod
    def read(cls, text: Text) -> Number | None:
        """None where the text is no number."""
        found = None if text.hole else _NUMBER.fullmatch(text.main)
        if not found:
            return None
        before, sign, whole, decimals = found.groups()
        return cls(before, sign, whole, decimals or "", f" {text.interval}" if text.interval else "", text.stars)

    @property
    def plain(self) -> str:
        """As siunitx reads it: ASCII, thousands together."""
        point = f".{self.decimals}" if self.decimals else ""
        return f"{self.sign.replace('−', '-')}{self.whole.replace(',', '')}{point}"


@dataclass(frozen=True)
class Numbers:
    """What a column of numbers needs room for: before the decimal point, behind it, and around the number."""

    before: str
    sign: str
    whole: str
    decimals: str
    after: str

    @property
    def ragged(self) -> bool:
        """Whether something stands behind the numbers; where nothing does, flush right is at the decimal point."""
        return bool(self.after)

    @classmethod
    def of(cls, found: list[Number]) -> Numbers | None:
        """None where there is no number."""
        if not found:
            return None
        before, sign, whole = (
            max((getattr(each, part) for each in found), key=points) for part in ("before", "sign", "whole")
        )
        decimals = max((each.decimals for each in found), key=len)
        after = max((each.after for each in found), key=points) + max((each.stars for each in found), key=len)
        return cls(before, sign, whole, decimals, after)

    @property
    def specification(self) -> str:
        """A column of siunitx where something stands behind the numbers, and one for that: its cells are slow."""
        if not self.ragged:
            return "r"
        point = f".{len(self.decimals)}" if self.decimals else ""
        options = [f"table-format={'+' if self.sign else ''}{sum(map(str.isdigit, self.whole))}{point}"]
        if self.before:
            options.append(f"table-space-text-pre={{{escape(self.before)}}}")
        return f"S[{','.join(options)}]@{{}}l"

    @property
    def width(self) -> float:
        """Points of the widest number with all that is around it."""
        return points(f"{self.before}{self.sign}{self.whole}.{self.decimals}{self.after}")


def points(text: str) -> float:
    """Points of a text at 7 pt, a little more rather than less."""
    return (
        sum(NARROW if each in " .,:;()[]'ijl|" else SIGN if each in "+−±×=<>≥≤mwMW%" else LETTER for each in text) + 1.0
    )
