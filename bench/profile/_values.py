"""Values that no setting can be, wherever they stand in a profile: found before anything looks at what they mean."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator
from math import isfinite
from typing import Any

DEEPEST = 16  # levels of lists and tables
INT64 = 2**63
LONGEST = 4096  # characters of a name or a path
PROSE = ("report.abstract", "report.title", "title")  # which may be longer, and have several lines


def problems(raw: Any) -> list[str]:
    """What is wrong, a sentence each: nesting, numbers that no machine holds, dates, characters that print nothing."""
    level = [("", raw)]
    found: list[str] = []
    for _ in range(DEEPEST):
        found += [f"key {key!r}: {problem}" for key, value in level if (problem := _problem(key, value))]
        level = [pair for key, value in level for pair in _inner(key, value)]
        if not level:
            return found
    return [*found, f"key {level[0][0].partition('.')[0]!r}: lists and tables are nested more than {DEEPEST} deep"]


def _inner(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{key}.{name}" if key else str(name), inner) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"{key}.{index}", inner) for index, inner in enumerate(value))


def _problem(key: str, value: Any) -> str:
    if isinstance(value, int) and not -INT64 <= value < INT64:
        return f"a whole number of at most 64 bits is expected, this has {value.bit_length()}"
    if isinstance(value, float) and not isfinite(value):
        return f"a finite number is expected, given {value}"
    if isinstance(value, datetime.date | datetime.time):
        return f"no setting is a date or a time, given {value}"
    if isinstance(value, str):
        return _of_text(key, value)
    return ""


def _of_text(key: str, text: str) -> str:
    if key not in PROSE and len(text) > LONGEST:
        return f"a text of at most {LONGEST:,} characters is expected, this has {len(text):,}"
    strange = next((letter for letter in text if unicodedata.category(letter) == "Cc" and letter not in "\n\r\t"), None)
    return f"the control character {strange!r} belongs in no text" if strange is not None else ""
