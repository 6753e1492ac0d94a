"""What no measure could say of a block, in the sentences that comparisons recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.analysis.inside import yardstick
from bench.analysis.study import Study, judgement
from bench.folders import Damaged

NOTES = "notes.json"
MAP = "map"


@dataclass(frozen=True)
class Refusal:
    """One sentence, with all that it was said of.

    Attributes:
        measure: as printed; of a map, that too.
        variants, blocks, seeds: in whose comparisons it stands, each in the order of the cells.
    """

    model: str
    feature: str
    measure: str
    sentence: str
    variants: dict[str, None] = field(default_factory=dict)
    blocks: dict[str, None] = field(default_factory=dict)
    seeds: dict[int, None] = field(default_factory=dict)


@judgement
def refusals(study: Study) -> tuple[Refusal, ...]:
    """Every sentence of every measure and convention of features, network after network."""
    gathered: dict[tuple[str, str, str, str], Refusal] = {}
    for cell in study.results.compared.to_dict("records"):
        for stem, block, sentence in _notes(study, cell["key"]):
            feature, measure, *of_map = stem.split("/", 2) if "/" in stem else (stem, "")
            title = yardstick(study.plan, measure).title + (", map" if of_map else "")
            refusal = gathered.setdefault(
                (cell["model"], feature, title, sentence), Refusal(cell["model"], feature, title, sentence)
            )
            refusal.variants[cell["variant"]] = None
            refusal.blocks[block] = None
            refusal.seeds[cell["seed"]] = None
    return tuple(gathered.values())


def _notes(study: Study, key: str) -> Iterator[tuple[str, str, str]]:
    """(convention and measure, block, sentence) of one cell; nothing in comparisons by an earlier version."""
    try:
        content: Any = json.loads(study.results.store.read(key, [NOTES])[NOTES])
    except Damaged:
        return
    for stem, of_blocks in content.items():
        for block, sentence in of_blocks.items():
            yield stem, block, sentence
