from __future__ import annotations

from bench.analysis.families import families
from bench.analysis.study import Study
from bench.render.tables.families import build


def test_a_row_a_family_and_the_rate_of_the_whole_report(study: Study):
    table = build(study)
    assert table.size == len(families(study))
    assert [row["size"].value for row in table.rows] == [family.size for family in families(study)]
    assert "at most 0.4, by 8 families at 0.05 each." in table.caption


def test_without_seeds_enough_no_word_rests_on_a_test(study_of):
    assert "No word rests on a test." in build(study_of(seeds=(0, 1, 2))).caption
