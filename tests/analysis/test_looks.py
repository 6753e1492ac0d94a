"""Where a variant is seen, and what was found there."""

from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.looks import BYPASSED, Looks
from bench.render.tables import corruptions, explanations, faithfulness, units

SPEARMAN = "integrated-gradients.spearman"


def test_a_method_is_read_in_its_own_cell_seed_by_seed(looked):
    looks = Looks(looked(), "attributions")
    assert looks.per_seed(SPEARMAN, "resnet8", "nncf-int8-ptq").tolist() == pytest.approx([0.9, 0.89, 0.88])
    assert looks.mean(SPEARMAN, "resnet8", "nncf-int8-ptq").value == pytest.approx(0.89)


def test_a_reference_is_read_where_it_has_a_role_of_its_own(looked):
    looks = Looks(looked(), "activation-maximization")
    assert looks.per_seed("transfer", "resnet8", "other-seed").tolist() == pytest.approx([0.5, 0.49, 0.48])
    assert looks.arrays("resnet8", "other-seed", 0)[1] == "other-seed"


def test_the_original_is_read_beside_any_variant(looked):
    assert Looks(looked(), "attributions").per_seed(SPEARMAN, "resnet8", "original").tolist() == [1, 1, 1]


def test_a_version_without_quantisers_is_another_number(looked):
    looks = Looks(looked(), "attributions")
    assert looks.mean(SPEARMAN, "resnet8", "nncf-int8-ptq", suffix=BYPASSED).value == pytest.approx(0.95)
    assert looks.mean(SPEARMAN, "resnet8", "magnitude:sparsity=0.5", suffix=BYPASSED).n == 0


def test_a_failed_seed_has_no_number_and_a_reason(looked):
    name = "diagnose/resnet8/1/nncf-int8-ptq/attributions"
    looks = Looks(looked(states={name: "failed"}), "attributions")
    np.testing.assert_allclose(looks.per_seed(SPEARMAN, "resnet8", "nncf-int8-ptq"), [0.9, np.nan, 0.88])
    assert looks.hole("resnet8", "nncf-int8-ptq") == "failed"
    assert looks.hole("resnet8", "magnitude:sparsity=0.5") == ""


def test_another_diagnostics_failure_is_not_this_ones(looked):
    study = looked(states={"diagnose/resnet8/1/nncf-int8-ptq/filters": "failed"})
    assert Looks(study, "attributions").hole("resnet8", "nncf-int8-ptq") == ""
    assert Looks(study, "filters").hole("resnet8", "nncf-int8-ptq") == "failed"


def test_distance_is_in_units_of_another_seed(looked):
    looks = Looks(looked(), "attributions")
    found = looks.distance(SPEARMAN, "resnet8", "nncf-int8-ptq")
    assert found.value == pytest.approx((1 - 0.89) / (1 - 0.49))
    assert found.low < found.value < found.high


def test_differences_are_paired_by_seed(looked):
    found = Looks(looked(), "attributions").difference(SPEARMAN, "resnet8", "nncf-int8-ptq", "finetune")
    assert found.value == pytest.approx(-0.08)
    assert found.high - found.low == pytest.approx(0, abs=1e-9)


def test_those_drawn_are_the_references_and_the_nearest_the_middle_and_the_farthest_method(looked):
    labels = [variant.label for variant in Looks(looked(), "attributions").drawn(SPEARMAN, "resnet8")]
    methods = ["nncf-int8-ptq", "magnitude:sparsity=0.8", "magnitude:sparsity=0.95"]
    assert labels == ["original", "finetune", *methods, "other-seed", "random-weights"]


def test_those_shown_without_a_number_are_the_references_and_methods_of_the_profile_at_even_distances(looked):
    labels = [variant.label for variant in Looks(looked(), "deep-dream").drawn("", "resnet8")]
    methods = ["nncf-int8-ptq", "magnitude:sparsity=0.8", "magnitude:sparsity=0.95"]
    assert labels == ["original", "finetune", *methods, "other-seed", "random-weights"]


def test_an_undefined_number_is_none_there(looked):
    looks = Looks(looked(), "filters")
    assert looks.mean("zero", "resnet8", "finetune").n == 0
    assert looks.has("zero") and not looks.has("zeros")


def test_a_diagnostic_that_did_not_run_is_empty(looked):
    looks = Looks(looked(chosen=("filters",)), "attributions")
    assert not looks
    assert looks.first_seed("resnet8") is None
    assert looks.arrays("resnet8", "original", 0) == ({}, "")


def test_notes_come_with_where_they_were_made(looked):
    name = "diagnose/resnet8/2/nncf-int8-ptq/filters"
    looks = Looks(looked(notes={name: ["It has none."]}), "filters")
    assert list(looks.notes()) == [("resnet8", 2, "nncf-int8-ptq", "It has none.")]


def test_where_only_some_methods_are_looked_into_the_others_have_no_row(looked):
    study = looked(asked=("nncf-int8-ptq",))
    looks = Looks(study, "attributions")
    labels = ["original", "finetune", "other-seed", "random-weights", "nncf-int8-ptq"]
    assert sorted(variant.label for variant in looks.variants) == sorted(labels)
    assert looks.per_seed(SPEARMAN, "resnet8", "finetune").tolist() == looked_everywhere(looked, "finetune")
    for build in (explanations.build, faithfulness.build, units.build):
        assert {row["variant"].value for row in build(study).rows} == set(labels)
    # The accuracy of another seed repeats the original's in another order.
    assert {row["variant"].value for row in corruptions.build(study).rows} == {*labels} - {"other-seed"}


def looked_everywhere(looked, label):
    return Looks(looked(), "attributions").per_seed(SPEARMAN, "resnet8", label).tolist()
