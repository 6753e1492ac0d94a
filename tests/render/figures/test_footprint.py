from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.figures._tradeoff import front, points
from bench.render.figures.footprint import build
from bench.render.kit.style import WIDE


def test_every_point_is_marked_with_its_result(study: Study):
    figure = build(study)
    assert figure is not None
    marks = [mark for mark in figure.draw(WIDE).marks.values() if mark.label]
    drawn = {(mark.data["model"], mark.data["variant"]) for mark in marks}
    assert drawn == {
        (model, variant.label)
        for model in study.models
        for variant in study.plan.variants
        if variant.label not in ("other-seed", "random-weights")
    }
    (mark,) = [m for m in marks if (m.data["model"], m.data["variant"]) == ("resnet8", "float16")]
    assert float(mark.data["top1"]) == pytest.approx(100 * study.mean("test_accuracy", "resnet8", "float16").value)
    assert mark.label.startswith("float16, resnet8: 97.50% ± 1.29 at 156.1 kB; accuracy against its reference: ")


def test_the_front_has_no_point_that_another_beats(study: Study):
    found = points(study, "resnet8", "payload_bytes")
    best = front(found)
    assert [p.size for p in best] == sorted(p.size for p in best)
    assert [p.chosen_by for p in best] == sorted(p.chosen_by for p in best)
    for point in best:
        others = [p for p in found if p.variant.family != "control"]
        assert not any(p.size <= point.size and p.chosen_by > point.chosen_by for p in others)
    assert "finetune" not in {p.variant.label for p in best}


def test_nothing_packed_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None


def test_an_accuracy_of_all_is_drawn_within_the_panel(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))
    figure = build(study_of(variants=chosen, seeds=(0, 1), accuracy=lambda *_: 100.0))
    assert figure is not None
    assert figure.draw(WIDE).drawing.axes[0].get_ylim()[1] < 10
