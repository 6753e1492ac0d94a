"""What a diagnostic could not do, in its own words."""

from __future__ import annotations

import re

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("variants", "Variants", "text", "In whose cells it is noted."),
    Column("note", "Note", "text", "What could not be done, or how it was done."),
    Column("seeds", "Seeds", "text", "In which it is so."),
)
WORDS = {
    CONTROL: "the fine-tuned control",
    OTHER_SEED: "another seed",
    RANDOM: "random weights",
    "other-initialisation": "the original from another start",
}
MOST = 3  # variants that are named


def build(study: Study) -> Table | None:
    """The table: a group a diagnostic; None where there is nothing to note."""
    groups = tuple(
        Group(look.title, tuple(_rows(study, name))) for name, look in sorted(study.plan.diagnostics.items())
    )
    groups = tuple(group for group in groups if group.rows)
    if not groups:
        return None
    return Table(
        "undone",
        "What could not be looked into",
        captions.joined(
            "Notes of the diagnostics, a row a sentence: what could not be done, and so has no number in the tables, "
            "and what was done otherwise than usual. “Compressed” is the variant itself.",
            captions.version(study),
        ),
        COLUMNS,
        groups,
    )


def _rows(study: Study, diagnostic: str) -> list[Row]:
    found: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
    for model, seed, variant, note in Looks(study, diagnostic).notes():
        variants, seeds = found.setdefault((model, note), ([], []))
        variants += [variant] if variant not in variants else []
        seeds += [seed] if seed not in seeds else []
    return [
        Row(
            (
                Datum(model),
                Datum(_named(study, variants)),
                Datum(_in_words(note)),
                Datum(", ".join(map(str, sorted(seeds)))),
            )
        )
        for (model, note), (variants, seeds) in found.items()
    ]


def _in_words(note: str) -> str:
    """A note with the names of roles in words.

    >>> _in_words("First filters of random-weights: they are of another shape.")
    'First filters of random weights: they are of another shape.'
    """
    for role, words in WORDS.items():
        note = re.sub(rf"(?<![\w-]){role}(?![\w-])", words, note)
    return note[:1].upper() + note[1:]


def _named(study: Study, labels: list[str]) -> str:
    titles = [study.plan.variant(label).title for label in labels]
    rest = len(titles) - MOST
    return "; ".join(titles[:MOST]) + (f"; {rest} more" if rest > 0 else "")
