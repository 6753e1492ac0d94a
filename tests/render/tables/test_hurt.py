from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import answers
from bench.analysis.recalls import recalls
from bench.analysis.results import Results
from bench.analysis.study import Study
from bench.render.tables import classes, hurt
from bench.render.writers.fields import data_table
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


def test_every_number_of_the_figure_of_who_is_hurt_is_in_the_data(answering: Study):
    frame = classes.build(answering).frame.set_index(["model", "variant", "class"])
    drawn = recalls(answering)
    assert len(frame) == 10 * len(drawn)
    for (model, label), network in drawn.items():
        for index, effect in enumerate(network.effects.estimates):
            row = frame.loc[model, label, str(index)]
            assert row["reference"] == network.reference
            assert row["recall_less_reference"] == pytest.approx(100 * effect.value)
            low = row["recall_less_reference_low"]
            assert (np.nan if low is None else low) == pytest.approx(100 * effect.low, nan_ok=True)
    pruned = frame.loc["resnet8", "magnitude:sparsity=0.9", "7"]
    assert pruned["reference"] == "original" and pruned["recall_less_reference"] == pytest.approx(-500 / 6)
    assert frame.loc["resnet8", "magnitude-finetune:sparsity=0.9", "7"]["reference"] == "finetune"


def test_methods_alone_are_tested_against_the_control(answering: Study):
    frame = classes.build(answering).frame
    tested = set(frame["variant"][frame["p"].notna()])
    assert tested == {method.label for method in answering.plan.methods}
    assert set(frame["variant"]) > tested


def test_units_end_the_names_of_columns_in_the_files(answering: Study):
    names = {field.name for field in data_table(classes.build(answering), {}).fields}
    assert {"reference", "recall_less_reference_points", "recall_less_control_points"} <= names


def test_without_the_control_nothing_is_paired_with_it(study_of):
    missing = study_of(states={f"compress/resnet8/{seed}/finetune": "failed" for seed in range(6)})
    assert hurt.build(missing) is None
    frame = classes.build(missing).frame
    assert "p" not in frame and set(frame["reference"]) >= {"original"}
