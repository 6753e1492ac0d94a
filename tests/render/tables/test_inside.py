from __future__ import annotations

from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import inside_word, measure_word
from bench.render.tables.inside import build


def test_every_method_has_its_word_and_what_each_deciding_measure_says(study: Study):
    table = build(study)
    assert table.size == 2 * 11
    for row in table.rows:
        claim = inside_claims(study)[row["model"].value, row["variant"].value]
        assert row["word"].value == inside_word(claim)
        assert row["p_changed"].value == claim.p_changed
        for name in study.plan.similarity.inside:
            key, measured = name.replace("-", "_"), claim.measures[name]
            assert row[f"{key}_distance"].value == measured.distance.value
            assert row[f"{key}_word"].value == measure_word(measured)
            assert row[f"{key}_own_margin"].value == measured.own_margin


def test_the_caption_says_the_margin_in_every_unit_and_the_note_what_is_lacking(study: Study):
    table = build(study)
    assert "Margin: 0.1 seed-equivalents (resnet8: Debiased linear CKA 0.01" in table.caption
    assert "cross-probe 0.5 points" in table.caption
    assert table.notes == (
        "64 probe images cannot show a loss below 0.5 points, even if none changes (3/n): at least 598 are needed.",
    )


def test_what_could_not_be_compared_says_why(study_of):
    names = [f"compare/resnet8/{seed}/float16" for seed in range(6)]
    rows = {row["variant"].value: row for row in build(study_of(states=dict.fromkeys(names, "failed"))).rows}
    assert rows["float16"]["word"].hole == "failed"
    assert rows["float16"]["debiased_cka_distance"].hole == "failed"


def test_without_any_comparison_there_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
