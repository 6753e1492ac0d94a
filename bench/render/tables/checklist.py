"""The NeurIPS paper checklist, as far as the runs can answer it; `checklist.tex` has it in NeurIPS's own form."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text.checklist import Question, checklist

COLUMNS: tuple[Column[Question], ...] = (
    Column("question", "Question", "text", "Heading of the checklist's question.",
           lambda question: question.heading, identifies=True),
    Column("number", "No.", "number", "Its number in the checklist.", lambda question: question.number),
    Column("answer", "Answer", "text", "Yes where the run proves it; No with what stands in the way; or NA.",
           lambda question: question.answer.word),
    Column("why", "Justification", "text", "What proves it, or what is missing.", lambda question: question.answer.why),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: the questions in the order of the checklist."""
    return tabulate(
        "checklist",
        "NeurIPS checklist",
        "A draft for the part of a paper that rests on this run. “Yes” stands only where the recorded cells prove it.",
        COLUMNS,
        {"": checklist(study)},
        notes=("Questions on the paper as a whole are for the authors. checklist.tex has these in NeurIPS's form.",),
    )
