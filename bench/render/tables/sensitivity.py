"""How far the words depend on the margin, and on the measures that decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.analysis import wording
from bench.analysis.networks import title_of
from bench.analysis.sensitivity import UnderTerms, sensitivity
from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME
from bench.task import with_unit

FACTORS = {0.5: "Half the margin", 1.0: "The margin as it is", 2.0: "Twice the margin"}
NAMED = 2  # networks that are named on the page; the data files name all
NO_WORD = (wording.NOTHING_TO_LOSE, wording.TRAINED_ANEW)


@dataclass(frozen=True)
class Row:
    """Words under other terms."""

    study: Study
    terms: UnderTerms

    @property
    def title(self) -> str:
        """What the words are judged by."""
        if not self.terms.measure:
            return FACTORS[self.terms.factor]
        return f"{wording.measure_title(self.study, self.terms.measure)} alone"

    @property
    def margin(self) -> str:
        """What doesn't matter, with its units."""
        points = with_unit(f"{self.terms.points:g}", self.study.primary.unit)
        return f"{self.terms.seed_equivalents:g} seed-eq.; {points}" if self.terms.inside else f"±{points}"

    @property
    def changes(self) -> list[str]:
        """Who has another word than in the report, with the word."""
        return [
            f"{self.study.plan.variant(label).title} on {title_of(self.study, model)}: {self.terms.words[model, label]}"
            for model, label in self.terms.changes
        ]


def _named(changes: list[str]) -> str:
    rest = len(changes) - NAMED
    return "; ".join([*changes[:NAMED], *([f"{rest} more"] if rest > 0 else [])])


def _count(*words: str) -> Callable[[Row], int]:
    return lambda row: row.terms.count(*words)


COLUMNS: tuple[Column[Row], ...] = (
    Column("title", "Judged by", "text", "The margin, or the only measure that decides.", lambda row: row.title),
    Column("margin", "Margin", "text", "What doesn't matter.", lambda row: row.margin),
    Column("identical", "Identical", "number", "Networks identical to the original in what they put out, or inside.",
           _count(wording.IDENTICAL_ANSWERS, wording.IDENTICAL_INSIDE), "networks"),
    Column("same", "Same", "number", "Networks.", _count(SAME), "networks"),
    Column("changed", "Changed", "number", "Networks.", _count(CHANGED), "networks"),
    Column("cant_tell", "Can't tell", "number", "Networks.", _count(CANT_TELL), "networks"),
    Column("no_word", "No word", "number", "Networks that were trained anew, or have nothing to lose.",
           _count(*NO_WORD), "networks", spare=True),
    Column("changes", "Other words", "number", "Networks whose word is another than in this report.",
           lambda row: len(row.terms.changes), "networks"),
    Column("who", "Which", "text", "Their names and words.", lambda row: _named(row.changes) or None),
    Column("all", "All of them", "text", "All their names and words.", lambda row: "; ".join(row.changes) or None,
           shown=False),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if there are no words that could change."""
    terms = sensitivity(study)
    return tabulate(
        "sensitivity",
        "Would other margins or measures change the words?",
        "How many networks get each word under other margins, and if one measure alone decided about the inside.",
        COLUMNS,
        {
            study.primary.capital: [Row(study, one) for one in terms if not one.inside],
            "Inside": [Row(study, one) for one in terms if one.inside],
        },
        details=captions.joined("The same tests and corrections over the same measurements.", captions.seeds(study)),
    )
