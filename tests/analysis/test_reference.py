from __future__ import annotations

from bench.analysis.reference import reference
from bench.analysis.study import Study


def test_older_runs_take_the_reference_from_the_plan(study: Study):
    chain = "magnitude-finetune:sparsity=0.9+nncf-int8-ptq"
    labels = ("float16", "magnitude:sparsity=0.9", "nncf-int8-qat", chain)
    asked = {label: reference(study, "resnet8", label) for label in labels}
    assert [(of.kind, of.label, of.inside_label) for of in asked.values()] == [
        ("original", "original", "original"),
        ("original", "original", "original"),
        ("control", "finetune", "finetune"),
        ("control", "finetune", "finetune"),
    ]
    assert asked["nncf-int8-qat"].epochs == 5


def test_a_control_is_compared_with_the_original(study: Study):
    assert reference(study, "resnet8", "finetune").label == "original"
