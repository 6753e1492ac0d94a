from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.learning import build


def test_a_row_an_epoch(study: Study):
    table = build(study)
    assert table is not None
    finetuned = sum(variant.finetunes for variant in study.plan.variants)
    assert table.size == 12 * 20 + 12 * 5 * finetuned
    assert list(table.fields)[:5] == ["model", "variant", "seed", "kind", "epoch"]


def test_no_history_is_no_table(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
