"""Tables on a phone: every row a card, whose values carry the heads of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bench.render.kit.table import Table

PHONE = "(max-width: 44rem)"  # as in the style sheets


def labels(tables: Iterable[Table]) -> str:
    """The heads of all columns as a style sheet, since on a card no head stands above a value.

    Rules and not an attribute of every cell: a page has tens of thousands of cells, and a hundred columns.
    """
    rules = [
        rule
        for table in tables
        if not table.raw
        for rule in _rules(_anchored(table.id), [c.head for c in table.offered])
    ]
    return _on_phones(rules)


def of_summaries(tables: Iterable[Table]) -> str:
    """Likewise of the tables behind a story's figures, and where their numbers stand."""
    # A figure of each network has the same table, so that one rule holds for all with the same heads.
    alike: dict[tuple[tuple[str, bool], ...], list[str]] = {}
    for table in tables:
        columns = tuple((column.head, column.is_text) for column in table.shown)
        alike.setdefault(columns, []).append(f"{table.id}-table")
    numbers: list[str] = []
    heads: list[str] = []
    for columns, anchors in alike.items():
        of_tables = f":is({','.join(map(_anchored, anchors))})"
        heads += _rules(of_tables, [head for head, _ in columns])
        numbers += [
            f"{of_tables} :is(td,th):nth-child({place}){{text-align:right}}"
            for place, (_, is_text) in enumerate(columns, 1)
            if not is_text
        ]
    return "\n".join([*numbers, _on_phones(heads)])


def of_heads(anchor: str, heads: Sequence[str]) -> str:
    """Likewise of one table that isn't a `Table`, by its anchor."""
    return _on_phones(_rules(_anchored(anchor), heads))


def _anchored(anchor: str) -> str:
    return f"[id={quoted(anchor)}]"


def _rules(selector: str, heads: Sequence[str]) -> list[str]:
    return [
        f"{selector} td:nth-child({place})::before{{content:{quoted(head)}}}"
        for place, head in enumerate(heads, 1)
        if place > 1
    ]


def _on_phones(rules: list[str]) -> str:
    return f"@media {PHONE}{{\n" + "\n".join(rules) + "\n}"


def quoted(text: str) -> str:
    r"""A string of CSS, in which nothing can end the string or the style sheet.

    >>> quoted('Top-1 (%)')
    '"Top-1 (\\25 )"'
    """
    return '"' + re.sub(r"[^A-Za-z0-9 (),.:;/+-]", lambda match: f"\\{ord(match[0]):x} ", text) + '"'
