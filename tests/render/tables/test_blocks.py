from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.blocks import build


def test_every_block_of_every_variant_in_order_of_depth(study: Study):
    table = build(study)
    assert table.size == 2 * 2 * 15 * 4
    rows = [{key: datum.value for key, datum in row.data.items()} for row in table.rows]
    own = [r for r in rows if (r["model"], r["variant"], r["feature"]) == ("resnet8", "float16", "pooled")]
    assert [(r["depth"], r["block"]) for r in own] == [(i + 1, f"stage{i}") for i in range(4)]
    assert all(r[f"{key}_p_bh"] >= r[f"{key}_p"] for r in own for key in ("debiased_cka", "knn_jaccard", "cross_probe"))


def test_controls_are_shown_and_not_tested(study: Study):
    for row in build(study).rows:
        found = row.data
        if row.role == "control":
            assert found["debiased_cka_p"].value is None
            assert found["debiased_cka"].value is not None


def test_what_is_beyond_the_margin_is_bold(study: Study):
    bold = [row for row in build(study).rows if row["debiased_cka"].bold]
    assert {row["variant"].value for row in bold} >= {"magnitude:sparsity=0.95"}
    assert "nncf-int8-ptq" not in {row["variant"].value for row in bold}
    assert "Bold: shown to be more than 0.1 seed-equivalents" in build(study).details


def test_the_traps_of_measures_by_canonical_correlation_are_named(study: Study):
    notes = " ".join(build(study).notes)
    assert "PWCCA is asymmetric" in notes
    assert "needs more images than units" in notes
