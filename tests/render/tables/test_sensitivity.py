from __future__ import annotations

from bench.analysis.sensitivity import sensitivity
from bench.analysis.study import Study
from bench.render.tables.sensitivity import build


def test_every_row_counts_every_network_once(study: Study):
    table = build(study)
    assert [group.title for group in table.groups] == ["Accuracy", "Inside"]
    for row, terms in zip(table.rows, sensitivity(study), strict=True):
        counts = [row[key].value for key in ("identical", "same", "changed", "cant_tell", "no_word")]
        assert sum(counts) == len(terms.words)
        assert row["changes"].value == len(terms.changes)
        assert len((row["all"].value or "").split("; ")) == max(len(terms.changes), 1)


def test_margins_have_their_units(study: Study):
    margins = {row["margin"].value for row in build(study).rows}
    assert margins == {"±0.25 points", "±0.5 points", "±1 points",
                       "0.05 seed-eq.; 0.25 points", "0.1 seed-eq.; 0.5 points", "0.2 seed-eq.; 1 points"}  # fmt: skip


def test_withheld_words_have_no_table(study_of):
    assert build(study_of(seeds=(0, 1))) is None
