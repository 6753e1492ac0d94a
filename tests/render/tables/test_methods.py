from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.methods import build


def test_every_variant_with_its_stages_settings_and_source(study: Study):
    table = build(study)
    rows = {row["variant"].value: {key: datum.value for key, datum in row.data.items()} for row in table.rows}
    assert set(rows) == {variant.label for variant in study.plan.variants}
    chain = rows["magnitude-finetune:sparsity=0.9+nncf-int8-ptq"]
    assert chain["stages"] == "magnitude-finetune v1 (sparsity 0.9) + nncf-int8-ptq v1"
    assert chain["sources"] == "han2015learning"
    assert (chain["finetunes"], rows["float16"]["finetunes"]) == ("yes", "no")
    assert [group.title for group in table.groups] == ["Methods", "Original and controls"]
