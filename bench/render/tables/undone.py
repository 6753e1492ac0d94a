"""What a diagnostic could not do, in its own words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bench.analysis.looks import Looks
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.roles import CONTROL, OTHER_SEED, RANDOM

WORDS = {
    CONTROL: "the fine-tuned control",
    OTHER_SEED: "another seed",
    RANDOM: "random weights",
    "other-initialisation": "the original from another start",
}
MOST = 3  # variants that are named


@dataclass(frozen=True)
class Note:
    """A sentence about one model, with the cells that have it: labels of variants, and seeds."""

    study: Study
    model: str
    sentence: str
    variants: list[str] = field(default_factory=list)
    seeds: set[int] = field(default_factory=set)


COLUMNS: tuple[Column[Note], ...] = (
    Column("model", "Network", "text", "Name of the network.",
           lambda note: Datum(note.model, instead=title_of(note.study, note.model))),
    Column("variants", "Variants", "text", "In whose cells it is noted.",
           lambda note: _named(note.study, list(dict.fromkeys(note.variants)))),
    Column("note", "Note", "text", "What could not be done, or how it was done.",
           lambda note: _in_words(note.sentence)),
    Column("seeds", "Seeds", "text", "In which it is so.", lambda note: ", ".join(map(str, sorted(note.seeds)))),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: a group per diagnostic; None if there is nothing to note."""
    return tabulate(
        "undone",
        "What could not be looked into",
        "What diagnostics could not do, so that a number is missing, and what they did otherwise than usual.",
        COLUMNS,
        {look.title: _notes(study, name) for name, look in sorted(study.plan.diagnostics.items())},
        counted=True,
    )


def _notes(study: Study, diagnostic: str) -> list[Note]:
    """One note per model and sentence, over all seeds and variants."""
    notes: dict[tuple[str, str], Note] = {}
    for model, seed, variant, sentence in Looks(study, diagnostic).notes():
        note = notes.setdefault((model, sentence), Note(study, model, sentence))
        note.variants.append(variant)
        note.seeds.add(seed)
    return list(notes.values())


def _in_words(note: str) -> str:
    """A note with the names of roles in words.

    >>> _in_words("First filters of random-weights: they are of another shape.")
    'First filters of random weights: they are of another shape.'
    """
    # Whole names only: a role can be part of a longer label, such as "finetune" of "magnitude-finetune".
    for role, words in WORDS.items():
        note = re.sub(rf"(?<![\w-]){role}(?![\w-])", words, note)
    return note[:1].upper() + note[1:]


def _named(study: Study, labels: list[str]) -> str:
    titles = [study.plan.variant(label).title for label in labels]
    rest = len(titles) - MOST
    return "; ".join(titles[:MOST]) + (f"; {rest} more" if rest > 0 else "")
