from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.checklist import build
from bench.render.text.checklist import checklist


def test_the_table_has_the_answers_of_the_checklist(study: Study):
    table = build(study)
    assert table is not None
    assert [(row["question"].value, row["answer"].value, row["why"].value) for row in table.rows] == [
        (question.heading, question.answer.word, question.answer.why) for question in checklist(study)
    ]
