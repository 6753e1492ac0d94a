"""Captions on paper: what a figure or table shows in a few words, and the rest as notes below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.render.kit.figure import Figure
from bench.render.kit.table import Table

MOST_WORDS, MOST_OF_A_NOTE = 60, 80
_ENDS = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])")  # after a sentence; what follows an abbreviation is in lower case


@dataclass(frozen=True)
class Caption:
    """What stands beside a float.

    Attributes:
        title: for a list of figures, without a full stop.
        bold: the finding, or the title if nothing was found.
        text: whole sentences, so many that both have at most `MOST_WORDS` words.
        notes: the sentences for which no room was left, how to read it, and a table's own notes.
    """

    title: str
    bold: str
    text: str
    notes: tuple[str, ...]


def captioned(item: Figure | Table) -> Caption:
    """The caption of a figure or table."""
    # Sentences go into the caption in order until one would make it too long: that one and all behind it are notes,
    # so that none is read before one it rests on.
    bold = item.finding or f"{item.title}."
    room = MOST_WORDS - _words(bold)
    sentences = sentences_of(item.caption)
    kept = 0
    while kept < len(sentences) and _words(" ".join(sentences[: kept + 1])) <= room:
        kept += 1
    later = " ".join(filter(None, [*sentences[kept:], item.details]))
    notes = (later, *getattr(item, "notes", ()))
    return Caption(item.title, bold, " ".join(sentences[:kept]), tuple(filter(None, notes)))


def brief(notes: Sequence[str]) -> str:
    """The first sentences of notes, as many as a paper's text has room for; its appendix has them all."""
    sentences = sentences_of(" ".join(notes))
    return " ".join(
        sentence
        for number, sentence in enumerate(sentences)
        if _words(" ".join(sentences[: number + 1])) <= MOST_OF_A_NOTE
    )


def sentences_of(text: str) -> list[str]:
    """The sentences of a text.

    >>> sentences_of("n = 6 seeds. Intervals: 95%, t over seeds. (None is corrected.)")
    ['n = 6 seeds.', 'Intervals: 95%, t over seeds.', '(None is corrected.)']
    """
    return [sentence for sentence in _ENDS.split(text.strip()) if sentence]


def _words(text: str) -> int:
    return len(text.split())


def shared(figures: Sequence[Figure]) -> Caption:
    """The caption of figures that show the same of several networks: what each finds, as far as there is room."""
    first = figures[0]
    room = MOST_WORDS - _words(first.title)
    sentences = [figure.finding for figure in figures if figure.finding] + sentences_of(first.caption)
    kept = [sentence for number, sentence in enumerate(sentences) if _words(" ".join(sentences[: number + 1])) <= room]
    return Caption(first.title, f"{first.title}.", " ".join(kept), (first.details,) if first.details else ())
