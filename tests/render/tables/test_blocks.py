from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.blocks import build


def test_every_block_of_every_variant_in_order_of_depth(study: Study):
    table = build(study)
    assert table.size == 2 * 2 * 15 * 4
    rows = [{key: datum.value for key, datum in row.data.items()} for row in table.rows]
    own = [r for r in rows if (r["model"], r["variant"], r["feature"]) == ("resnet8", "float16", "pooled")]
    assert [(r["depth"], r["block"]) for r in own] == [(i + 1, f"stage{i}") for i in range(4)]
    assert all(r["p_bh"] >= r["p"] for r in own)


def test_controls_are_shown_and_not_tested(study: Study):
    for row in build(study).rows:
        found = row.data
        if row.role == "control":
            assert found["p"].value is None
            assert found["cka"].value is not None


def test_the_caption_gives_the_size_of_the_family(study: Study):
    assert (
        "Benjamini-Hochberg over the methods and blocks of a model and convention (44 tests each)"
        in build(study).caption
    )
