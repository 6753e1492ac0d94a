from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.landmarks import landmark, place
from bench.analysis.networks import title_of
from bench.analysis.sameness import inside_claim, inside_claims
from bench.analysis.study import Study
from bench.render.figures import _feature_rows
from bench.render.figures._feature_rows import rows, shown
from bench.render.figures.features import build
from bench.render.kit.style import NARROW, PRINT, WIDE


def test_another_training_lies_at_one_by_every_measure_with_a_scale(study: Study):
    for name in ("debiased-cka", "knn-jaccard"):
        found = landmark(study, "resnet8", "other-seed", name)
        assert found is not None
        assert found.value == pytest.approx(1.0)


def test_landmarks_stand_above_the_methods_from_near_to_far(study: Study):
    found = rows(study, "resnet8")
    assert [row.name for row in found[:4]] == ["same network", "fine-tuned", "retrained", "random weights"]
    distances = [row.places["debiased-cka"].distance.value for row in found[4:]]
    assert distances == sorted(distances)
    assert {row.variant.label for row in found[4:]} == {
        variant.label for variant in study.plan.methods if inside_claim(study, "resnet8", variant.label)
    }


def test_the_drawn_interval_lies_beyond_the_drawn_margin_exactly_if_the_word_is_changed(study: Study):
    for (model, variant), claim in inside_claims(study).items():
        for name in shown(study):
            measured = claim.measures[name]
            there = place(study, model, measured, variant)
            assert there.distance.value - there.reference == pytest.approx(there.beyond.value)  # type: ignore[union-attr]
            if np.isfinite(there.low):
                assert (there.low > there.margin) == (measured.low > measured.margin)
                assert (there.high < there.margin) == (measured.high < measured.margin)
            if measured.word == "changed" and name != "cross-probe":
                assert there.low > there.margin


def test_each_network_has_a_figure_that_says_how_many_have_each_word(study: Study):
    figures = build(study)
    assert [figure.network for figure in figures] == list(study.models)
    for figure in figures:
        assert figure.finding.startswith(f"Features of {title_of(study, figure.network)}: same for ")
        assert len(f"{figure.finding} {figure.caption}".split()) <= 35
        assert figure.summary is not None
        assert figure.summary.size == len(rows(study, figure.network))


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_every_axis_has_its_unit_and_its_margin(study: Study, medium):
    sheet = build(study)[0].draw(medium)
    units = [panel.get_xlabel() for panel in sheet.drawing.axes]
    assert units == ["Seed-equivalents", "Seed-equivalents", "Points"]
    marked = {mark.data["variant"] for mark in sheet.marks.values() if mark.label}
    assert {row.variant.label for row in rows(study, "resnet8")} == marked


def test_of_too_many_methods_the_ends_are_drawn(study: Study, monkeypatch):
    everything = rows(study, "resnet8")
    monkeypatch.setattr(_feature_rows, "MOST_ROWS", 3)
    found = rows(study, "resnet8")
    assert len(found) == 4 + 3
    assert (found[4].variant, found[-1].variant) == (everything[4].variant, everything[-1].variant)


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) == []


def test_one_method_of_one_seed_has_its_dot_and_no_interval(small, tmp_path):
    from bench.analysis.results import load

    study = Study(load(small.write(tmp_path)))
    for figure in build(study):
        assert figure.draw(WIDE).drawing.axes


def test_rows_of_summaries_name_their_variant(study: Study):
    summary = build(study)[0].summary
    assert summary is not None
    assert [dict(row.about)["variant"] for row in summary.rows] == [row.variant.label for row in rows(study, "resnet8")]
