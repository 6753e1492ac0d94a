"""What measures could not compare, in the sentences of the comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.networks import title_of
from bench.analysis.refusals import Refusal, refusals
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.table import Column, Table, tabulate

MOST = 3  # variants and blocks that are named


@dataclass(frozen=True)
class Row:
    """One sentence of one network."""

    study: Study
    refusal: Refusal


COLUMNS: tuple[Column[Row], ...] = (
    Column("measure", "Measure", "text", "Which could not say anything.", lambda row: row.refusal.measure),
    Column("feature", "Features", "text", "How a feature map becomes a vector.", lambda row: row.refusal.feature),
    Column("variants", "Variants", "text", "In whose comparisons it is noted.",
           lambda row: listed([row.study.plan.variant(each).title for each in row.refusal.variants], most=MOST)),
    Column("blocks", "Blocks", "text", "At which blocks.", lambda row: listed(list(row.refusal.blocks), most=MOST)),
    Column("note", "Note", "text", "Why, in the measure's own words.", lambda row: row.refusal.sentence),
    Column("seeds", "Seeds", "text", "In which it is so.",
           lambda row: ", ".join(map(str, sorted(row.refusal.seeds)))),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: one group per model; None if every measure could compare every block."""
    return tabulate(
        "refusals",
        "What measures could not compare",
        "Blocks without a value of a measure. They are a dash in the tables and no part of a mean. What cannot be "
        "compared is not the same.",
        COLUMNS,
        {
            title_of(study, model): [Row(study, refusal) for refusal in refusals(study) if refusal.model == model]
            for model in study.models
        },
        counted=True,
    )
