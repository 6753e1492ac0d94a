from __future__ import annotations

import pytest

from bench.analysis.departures import departures
from bench.analysis.study import Study
from bench.render.figures.start import BANDS, build
from bench.render.kit.style import NARROW, PRINT, WIDE


def test_one_figure_a_network_and_convention_of_features(study: Study):
    figures = build(study)
    assert [(figure.network, figure.option) for figure in figures] == [
        (model, f"{feature} features") for feature in ("pooled", "flattened") for model in study.models
    ]
    assert [figure.id for figure in figures][::2] == ["start-pooled-resnet8", "start-flattened-resnet8"]


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_every_method_is_a_thread_and_one_is_coloured_and_named(study: Study, medium):
    sheet = build(study)[0].draw(medium)
    threads = {mark.data["variant"] for mark in sheet.marks.values() if mark.label}
    assert threads == {variant.label for variant in study.plan.variants if variant.label not in ("original", *BANDS)}
    words = {text.get_text() for text in sheet.drawing.axes[0].texts}
    assert {"original", *BANDS.values()} <= words
    assert len(words) == 5
    assert sheet.drawing.axes[0].get_ylabel() == "CKA to the original"


def test_the_finding_counts_where_the_methods_start(study: Study):
    firsts = [
        found[0].depth if found else None
        for variant in study.plan.methods
        if (found := departures(study, "resnet8", variant.label)) is not None
    ]
    figure = build(study)[0]
    assert figure.finding.startswith(
        f"On ResNet-8, {firsts.count(0)} of {len(firsts)} methods changed in the first block"
    )
    assert figure.finding.endswith(f"{firsts.count(None)} in none.")
    assert figure.summary is not None
    starts = {row["title"].value: row["start"].value for row in figure.summary.rows}
    for variant in study.plan.methods:
        found = departures(study, "resnet8", variant.label)
        assert starts.get(variant.title) == (found[0].depth + 1 if found else None)


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) == []


def test_controls_alone_are_no_figure(study_of, variants):
    labels = ("original", "finetune", "other-seed", "random-weights")
    assert build(study_of(variants=tuple(variants[label] for label in labels))) == []


def test_a_block_alone_is_a_dot(study_of):
    assert build(study_of(blocks=1, seeds=(0,)))[0].draw(WIDE).marks
