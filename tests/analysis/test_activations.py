from __future__ import annotations

import pytest

from bench.analysis.activations import curves


def test_curves_are_means_over_seeds_in_percent_by_block(looked):
    by_label = {curve.variant.label: curve for curve in curves(looked(), "resnet8")}
    curve = by_label["nncf-int8-ptq"]
    assert {name: len(blocks) for name, blocks in curve.measures.items()} == dict.fromkeys(
        ("dead", "zeros", "dimension"), len(curve.blocks)
    )
    assert [estimate.value for estimate in curve.measures["dimension"]] == pytest.approx([50, 44.5])
    assert {estimate.n for estimate in curve.measures["dead"]} == {3}


def test_a_variant_that_failed_everywhere_has_no_curve(looked):
    states = {f"diagnose/resnet8/{seed}/nncf-int8-ptq/activation-statistics": "failed" for seed in range(3)}
    labels = {curve.variant.label for curve in curves(looked(states=states), "resnet8")}
    assert "nncf-int8-ptq" not in labels
    assert "original" in labels
