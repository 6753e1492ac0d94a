"""The families of tests, said once for the whole report."""

from __future__ import annotations

from bench.analysis.families import FamilyOfTests, families, overall_rate
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions

COLUMNS: tuple[Column[FamilyOfTests], ...] = (
    Column("model", "Network", "text", "Name of the network.",
           lambda family: family.model, shown=False, identifies=True),
    Column("what", "Tests of", "text", "What is tested.", lambda family: family.what, identifies=True),
    Column("question", "Question", "text", "Is there a difference, or is there none beyond the margin?",
           lambda family: family.question, identifies=True),
    Column("size", "Size", "number", "Tests that are corrected together.", lambda family: family.size),
    Column("correction", "Correction", "text", "How.", lambda family: family.correction),
    Column("alpha", "Level", "number", "Of the family.", lambda family: family.alpha, "α", 2),
    Column("words", "Words", "text", "Whether words of the report rest on it.", lambda family: family.words),
    Column("least", "Least p", "p", "Smallest p of the sign flip, times the size.", lambda family: family.least,
           "flip"),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: one group per model."""
    count = sum(family.words for family in families(study))
    return tabulate(
        "families",
        "Families of tests",
        f"Any word of the report is false with probability at most {overall_rate(study):.2g}, by {count} families at "
        f"{study.plan.alpha:g} each."
        if count
        else "No word rests on a test.",
        COLUMNS,
        {
            title_of(study, model): [family for family in families(study) if family.model == model]
            for model in study.models
        },
        details=captions.joined(
            "A family: one network, one outcome, all its methods without controls. Corrected apart: which methods are "
            f"within the margin of the {study.primary.best} (Holm over those that fit a budget), and exemplars (Holm "
            "over a network's methods). Also apart: what is said of all networks together.",
            "Least p: where it exceeds the level, words rest on t, which takes differences to be normal."
            if count
            else "",
        ),
    )
