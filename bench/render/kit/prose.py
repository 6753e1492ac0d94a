"""Sentences as tuples of parts, and the few words that all of them need."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Strong(str):
    """A part of a sentence that is set in bold."""

    __slots__ = ()


class Cite(str):
    """A place in a sentence where a paper is cited, by its key."""

    __slots__ = ()


Sentence = tuple[str, ...]  # parts, some Strong or Cite; every writer escapes the others


def text(sentence: Sentence) -> str:
    """A sentence without its emphasis and citations."""
    return "".join(part for part in sentence if not isinstance(part, Cite))


def marked(*sentences: str) -> list[Sentence]:
    """Sentences of our own with marks: `**bold**`, and `[@key]` for the paper of that key.

    >>> marked("**Holm. **A step-down correction ([@holm1979simple]).")
    [('Holm. ', 'A step-down correction (', 'holm1979simple', ').')]
    """
    # Splitting by an expression with two groups gives text, bold, key, text, bold, key, ..., text: at every mark the
    # group that did not match is None. What a user named, such as a title, may hold asterisks and does not belong here.
    kinds = (str, Strong, Cite)
    parts = [re.split(r"\*\*(.+?)\*\*|\[@(\w+)\]", sentence) for sentence in sentences]
    return [tuple(kinds[i % 3](part) for i, part in enumerate(split) if part) for split in parts]


def listed(names: Sequence[str], *, most: int = 6, word: str = "and") -> str:
    """Names in a list as people write it.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    shown, rest = list(names[:most]), len(names) - most
    if rest > 0:
        return f"{', '.join(shown)} {word} {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}" if shown else "none"


def named(names: Sequence[str], *, words: int = 14) -> str:
    """As many names as take that many words, and the number of the rest; empty if not even the first does.

    >>> named(["a b", "c"]), named(["a b", "c", "d e"], words=3), named(["a b c d"], words=3)
    ('a b and c', 'a b, c and 1 more', '')
    """
    taken, shown = 0, 0
    for name in names:
        taken += len(name.split())
        if taken > words:
            break
        shown += 1
    return listed(names, most=shown) if shown else ""


def spelled(n: int) -> str:
    """A number in words below 10, as at the start of a sentence.

    >>> spelled(1), spelled(9), spelled(12)
    ('One', 'Nine', '12')
    """
    return ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")[n] if n < 10 else f"{n:,}"


def counted(n: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "seed"), counted(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
