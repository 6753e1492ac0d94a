from __future__ import annotations

from bench.render.figures import attributions
from bench.render.story.views import views
from tests.looked import folder_of, looked

FAILED = [f"diagnose/resnet8/{seed}/magnitude:sparsity=0.8/attributions" for seed in (0, 1, 2)]
__all__ = ["folder_of", "looked"]


def rows(study):
    return {row.variant.label: row for row in views(study)["resnet8"].rows}


def test_every_network_has_a_row_with_maps_and_its_agreement(looked):
    shown = rows(looked(chosen=("attributions",)))
    assert {label for label, row in shown.items() if row.always} == {"original", "finetune"}
    first, second = shown["nncf-int8-ptq"].strips
    assert len(first.boxes) == len(second.boxes) == 2
    assert first.agreement.startswith("0.89 [")
    assert first.spoken == "Integrated gradients of INT8 (NNCF PTQ) on 2 images for 0 and 3"
    assert shown["original"].strips[0].agreement == ""
    assert len({box for row in shown.values() for box in row.strips[0].boxes}) == 2 * len(shown)


def test_yardsticks_stand_beside(looked):
    seen = views(looked(chosen=("attributions",)))["resnet8"]
    assert [attribution.title for attribution in seen.attributions] == ["Integrated gradients", "Grad-CAM"]
    assert seen.attributions[0].yardsticks == "another seed 0.49, random weights −0.01"
    assert seen.answers == ("0", "3")
    assert len(seen.images.boxes) == 2


def test_a_network_that_was_not_looked_into_says_so_and_names_those_that_were(looked):
    shown = rows(looked(chosen=("attributions",), asked=("nncf-int8-ptq",)))
    pruned = shown["magnitude:sparsity=0.8"]
    assert not pruned.strips
    assert pruned.sentence == "It was not looked into; these were: INT8 (NNCF PTQ)."


def test_a_look_that_failed_is_no_look_that_was_not_asked_for(looked):
    study = looked(chosen=("attributions",), states=dict.fromkeys(FAILED, "failed"))
    assert rows(study)["magnitude:sparsity=0.8"].sentence.startswith("The look into it failed; these were:")


def test_without_looks_there_is_no_figure(looked):
    assert views(looked(chosen=("filters",))) == {}
    assert attributions.build(looked(chosen=("filters",))) == []


def test_the_finding_counts_methods_beyond_another_seed(looked):
    (figure,) = attributions.build(looked(chosen=("attributions",)))
    assert figure.finding == (
        "3 of 4 methods agree with the original more than a second training does (Integrated gradients)."
    )
    assert figure.network == "resnet8"


def test_one_method_is_no_count(looked):
    (figure,) = attributions.build(looked(chosen=("attributions",), asked=("magnitude:sparsity=0.95",)))
    assert figure.finding == (
        "The one method here agrees with the original no more than a second training does (Integrated gradients)."
    )


def test_an_attribution_without_maps_has_no_column(looked):
    seen = views(looked(chosen=("attributions",), without=("integrated-gradients.map",)))["resnet8"]
    assert [attribution.title for attribution in seen.attributions] == ["Grad-CAM"]


def test_without_any_map_there_are_no_rows(looked):
    assert views(looked(chosen=("attributions",), without=("integrated-gradients.map", "grad-cam.map"))) == {}
