from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.distances import distance, loss
from bench.analysis.study import Study
from bench.render.tables.similarity import build


def row_of(study: Study, variant: str):
    named = ["resnet8", variant]
    (row,) = [row for row in build(study).rows if [row[key].value for key in ("model", "variant")] == named]
    return row


def test_every_measure_has_a_column_on_the_common_scale(study: Study):
    assert [column.head for column in build(study).shown[1:]] == [
        "CKA (seed-eq.)", "Angular (seed-eq.)", "SVCCA (seed-eq.)", "PWCCA (seed-eq.)", "k-NN Jaccard (seed-eq.)",
        "RSA (seed-eq.)", "Cross-probe (points)",
    ]  # fmt: skip


@pytest.mark.parametrize("feature", ["pooled", "flattened"])
def test_distances_are_ratios_of_means_over_blocks(study: Study, feature: str):
    row, other = (distance(study, "resnet8", label, feature, "angular-shape") for label in ("finetune", "other-seed"))
    printed = row_of(study, "finetune")
    assert printed[f"angular_shape_{feature}"].value == pytest.approx(row.values.mean() / other.values.mean())
    assert printed[f"angular_shape_{feature}_own"].value == pytest.approx(row.values.mean())
    assert row_of(study, "other-seed")[f"debiased_cka_{feature}"].value == pytest.approx(1)


def test_the_cross_probe_is_its_largest_loss_in_points(study: Study):
    lost = loss(study, "resnet8", "magnitude:sparsity=0.9", "pooled")
    printed = row_of(study, "magnitude:sparsity=0.9")["cross_probe_pooled"]
    assert printed.value == pytest.approx(100 * np.nanmean(lost.values, axis=0).max())


def test_the_original_is_not_compared_with_itself(study: Study):
    assert "original" not in {row["variant"].value for row in build(study).rows}
