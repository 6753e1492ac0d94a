from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.recalls import recalls
from bench.analysis.results import Results
from bench.analysis.study import Study
from bench.render.figures import recall
from bench.render.kit.style import NARROW, PRINT, WIDE

LABELS = np.repeat(np.arange(10), 6)
PRUNED, TUNED = "magnitude:sparsity=0.9", "magnitude-finetune:sparsity=0.9"


@pytest.fixture
def answering(study_of, variants, monkeypatch: pytest.MonkeyPatch):
    """A study whose networks answer a class `shift` further for the first images, as many as a mapping says."""

    def make(wrong, labels=LABELS, classes=10, methods=(PRUNED, TUNED)) -> Study:
        study = study_of(variants=tuple(variants[label] for label in ("original", "finetune", "other-seed", *methods)))

        def logits(self, model, variant):
            answers = np.where(np.arange(len(labels)) < wrong.get(variant, 0), (labels + 1) % classes, labels)
            return {seed: (np.eye(classes)[answers], labels) for seed in self.plan.seeds}

        monkeypatch.setattr(Results, "logits", logits)
        return Study(study.results)

    return make


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "None of 2 methods costs ResNet-8 an image that most originals get right."),
        (
            {PRUNED: 7},
            "1 of 2 methods costs ResNet-8 no image that most originals get right; Magnitude 0.9 costs 7 of 360.",
        ),
        (
            {PRUNED: 7, TUNED: 2},
            "Every method costs ResNet-8 images that most originals get right; Magnitude 0.9 costs 7 of 360.",
        ),
    ],
)
def test_the_finding_counts_lost_images(answering, wrong, sentence):
    (figure,) = recall.build(answering(wrong))
    assert figure.finding == sentence
    assert len(f"{figure.finding} {figure.caption}".split()) <= 35
    assert len(figure.caption.split()) <= 35


def test_one_method_is_said_by_name(answering):
    assert recall.build(answering({PRUNED: 7}, methods=(PRUNED,)))[0].finding == (
        "Magnitude 0.9 costs ResNet-8 7 of 360 images that most originals get right."
    )
    assert recall.build(answering({}, methods=(PRUNED,)))[0].finding == (
        "Magnitude 0.9 costs ResNet-8 no images that most originals get right."
    )


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_dots_are_the_recalls_in_a_row_per_class_with_their_intervals(answering, medium):
    study = answering({PRUNED: 9})  # all six images of class 0, and three of class 1
    (figure,) = recall.build(study)
    sheet = figure.draw(medium)
    (panel,) = sheet.drawing.axes
    marks = {line.get_gid(): line for line in panel.lines if line.get_gid() in sheet.marks}
    dots = {m.data["variant"]: marks[g] for g, m in sheet.marks.items() if "part" not in m.data}
    bars = {m.data["variant"]: marks[g] for g, m in sheet.marks.items() if "part" in m.data}
    assert set(dots) == {PRUNED, TUNED, "finetune"} and set(bars) == {PRUNED}  # the others change nothing
    x, y = dots[PRUNED].get_data()
    np.testing.assert_allclose(x, [-100, -50, *[0] * 8])
    assert [round(row) for row in y] == list(range(10))
    estimates = recalls(study)["resnet8", PRUNED].effects.estimates
    ends = bars[PRUNED].get_xdata().reshape(10, 3)
    np.testing.assert_allclose(ends[:, :2], [(100 * e.low, 100 * e.high) for e in estimates])
    assert np.isnan(ends[0, :2]).all()  # all seeds lose all of class 0: no spread is known
    low, high = panel.get_xlim()
    assert low <= -100 and high >= 1
    assert sheet.marks[dots[PRUNED].get_gid()].label.startswith("Magnitude (sparsity 0.9): class 0 loses most, −100.0")


def test_of_many_classes_those_that_change_most_are_drawn(answering):
    labels = np.arange(400) // 4
    (figure,) = recall.build(answering({PRUNED: 40}, labels=labels, classes=100))  # the first ten classes
    assert f"Shown: {recall.MOST_CLASSES} of 100 classes" in figure.details
    (panel,) = figure.draw(WIDE).drawing.axes
    assert [text.get_text() for text in panel.get_yticklabels()][:10] == list("0123456789")
    assert len(panel.get_yticks()) == recall.MOST_CLASSES


def test_a_class_without_images_has_no_row(answering):
    (figure,) = recall.build(answering({PRUNED: 9}, labels=np.where(LABELS == 9, 0, LABELS)))
    (panel,) = figure.draw(WIDE).drawing.axes
    assert "9" not in [text.get_text() for text in panel.get_yticklabels()]


def test_the_summary_says_images_and_the_class_that_suffers_most(answering):
    (figure,) = recall.build(answering({PRUNED: 9}))
    rows = {row["title"].value: row for group in figure.summary.groups for row in group.rows}
    pruned = rows["Magnitude (sparsity 0.9)"]
    assert (pruned["images"].value, pruned["worst"].value) == (9, "0")
    assert pruned["recall"].value == -100
    assert rows["Fine-tuned control"]["worst"].value == "none"


def test_a_task_without_classes_has_no_figure(answering, monkeypatch):
    study = answering({})
    monkeypatch.setattr(Results, "logits", lambda self, model, variant: {})
    assert recall.build(Study(study.results)) == []
