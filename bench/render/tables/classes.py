"""Every class of every method: how its recall changes, for the data files."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.answers import Hurt, hurt
from bench.analysis.study import Study
from bench.render.kit.rows import LABEL, MODEL
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions

COLUMNS = (
    MODEL,
    LABEL,
    Column("class", "Class", "text", "Name of the class."),
    Column("recall", "Recall", "estimate", "Less the fine-tuned control's.", "points", 2, signed=True),
    Column("p", "p", "p", "Two-sided paired t over seeds and images, not corrected."),
    Column("p_flip", "p", "p", "Exact two-sided sign-flip test over seeds, not corrected.", "flip"),
    Column("p_corrected", "q", "p", "The t test's p after Benjamini-Hochberg over the method's classes.", "BH"),
)


def build(study: Study) -> Table | None:
    """The table; None where answers cannot be paired."""
    rows = tuple(row for each in hurt(study) for row in _rows(study, each))
    if not rows:
        return None
    return Table(
        "classes",
        "Recall by class",
        captions.joined(
            "Recall of each class on the test images, less the fine-tuned control's, paired by seed and image.",
            "Correction: Benjamini-Hochberg over the classes of a method.",
            captions.seeds(study),
            captions.version(study),
        ),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(study: Study, losses: Hurt) -> Iterator[Row]:
    effects, names = losses.classes, study.plan.data.classes
    parts = zip(effects.estimates, effects.tests, effects.sign_flips, effects.corrected.p, strict=True)
    for place, (change, test, flip, corrected) in enumerate(parts):
        yield Row(
            (
                Datum(losses.model),
                Datum(losses.variant),
                Datum(names[place] if place < len(names) else str(place)),
                estimate(change, 100),
                number(test.p, hole="–"),
                number(flip.p, hole="–"),
                number(corrected, hole="–"),
            )
        )
