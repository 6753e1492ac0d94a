from __future__ import annotations

from dataclasses import replace

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
    assert (chain["epochs"], chain["total_epochs"], chain["reference"]) == ("5", "25", "Fine-tuned control")
    assert (rows["float16"]["epochs"], rows["float16"]["reference"]) == ("0", "Original")
    assert (rows["random-weights"]["total_epochs"], rows["original"]["total_epochs"]) == ("0", "20")
    assert [group.title for group in table.groups] == ["Methods", "Original and controls"]


def test_a_reference_of_another_length_says_so(study_of, variants):
    ticket = replace(variants["magnitude-finetune:sparsity=0.9"], label="lottery-ticket", epochs=(0, 7))
    shown = ("original", "finetune", "other-seed", "random-weights")
    study = study_of(models=("resnet8",), variants=(*(variants[label] for label in shown), ticket))
    (row,) = (row for row in build(study).rows if row["variant"].value == "lottery-ticket")
    assert (row["epochs"].value, row["total_epochs"].value) == ("7", "7")
    assert row["reference"].value == (
        "No dense network was trained for its 7 epochs in all; its inside: Other seed, trained for 20 epochs"
    )
