from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import answers
from bench.analysis.results import Results
from bench.analysis.study import Study
from bench.render.tables import classes, hurt
from bench.statistics.multiplicity import holm

LABELS = np.repeat(np.arange(10), 6)


@pytest.fixture
def answering(study: Study, monkeypatch: pytest.MonkeyPatch) -> Study:
    """All networks are right but the pruned ones, which answer 0 for the images of class 7 and, by seed, others too."""

    def logits(self, model, variant):
        def answers(seed):
            lost = (LABELS == 7) & (np.arange(60) % 6 >= seed % 3)
            return np.where(lost & variant.startswith("magnitude:"), 0, LABELS)

        return {seed: (np.eye(10)[answers(seed)], LABELS) for seed in self.plan.seeds}

    monkeypatch.setattr(Results, "logits", logits)
    return Study(study.results)


def test_the_hurt_class_and_images_are_named(answering: Study):
    table = hurt.build(answering)
    rows = {(row["model"].value, row["variant"].value): row.data for row in table.rows}
    pruned = rows["resnet8", "magnitude:sparsity=0.9"]
    assert pruned["worst"].value == "7"
    assert pruned["changed"].value == 1
    assert pruned["recall"].low < pruned["recall"].value < pruned["recall"].high < 0
    assert pruned["exemplars"].value == 5
    assert pruned["control"].value == 0
    p = [found.images.control.p for found in answers.hurt(answering) if found.model == "resnet8"]
    corrected = [row["p_control"].value for (model, _), row in rows.items() if model == "resnet8"]
    assert sorted(corrected) == pytest.approx(sorted(holm(p).p))
    assert rows["resnet8", "float16"]["changed"].value == 0


def test_only_methods_have_rows(answering: Study):
    rows = list(hurt.build(answering).rows)
    assert len(rows) == len(answering.models) * len(answering.plan.methods)


def test_every_class_is_in_the_data(answering: Study):
    table = classes.build(answering)
    assert table.raw
    assert table.size == len(answering.models) * len(answering.plan.methods) * 10


def test_without_the_control_nothing_is_paired(study_of):
    missing = study_of(states={f"compress/resnet8/{seed}/finetune": "failed" for seed in range(6)})
    assert hurt.build(missing) is None
    assert classes.build(missing) is None
