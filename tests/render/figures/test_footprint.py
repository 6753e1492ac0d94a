from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.budget import best_within
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import footprint
from bench.render.figures._points import FAR, floor, points, sweeps, ties
from bench.render.figures.footprint import build
from bench.render.kit.style import NARROW, PRINT, WIDE

MEDIA = pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)


def test_every_point_of_a_network_is_marked_with_its_result(study: Study):
    figures = build(study)
    assert [figure.network for figure in figures] == list(study.models)
    for figure in figures:
        marks = [mark for mark in figure.draw(WIDE).marks.values() if mark.label]
        assert {(mark.data["model"], mark.data["variant"]) for mark in marks} == {
            (figure.network, variant.label)
            for variant in study.plan.variants
            if variant.label not in ("other-seed", "random-weights")
        }
    (mark,) = [m for m in build(study)[0].draw(WIDE).marks.values() if m.label and m.data["variant"] == "float16"]
    assert float(mark.data["top1"]) == pytest.approx(100 * study.mean("test_accuracy", "resnet8", "float16").value)
    assert mark.label.startswith("float16, ResNet-8: 97.50% ± 1.29 at 156.1 kB; accuracy against its reference: ")


def test_controls_as_large_as_the_original_have_no_name_on_its_marker(study: Study, variants, study_of):
    longer = replace(variants["finetune"], label="finetune:epochs=20", title="Fine-tuned control (epochs 20)")
    for drawn in (study, study_of(variants=(*variants.values(), longer))):
        for figure in build(drawn):
            words = [text.get_text() for panel in figure.draw(WIDE).drawing.axes for text in panel.texts]
            assert "Original" in words
            assert not [name for name in words if "ine-tuned control" in name or name in ("default", "20")]
            assert any("Random pruning" in name for name in words)  # a control of another size


def test_the_summary_holds_every_point(study: Study):
    for figure in build(study):
        assert figure.summary is not None
        titles = [row["title"].value for row in figure.summary.rows]
        drawn = points(study, figure.network, "payload_bytes")
        assert titles == [point.variant.title for point in drawn]


def test_the_band_holds_what_cannot_be_told_from_the_best_of_each_size(study: Study):
    steps = ties(study, "resnet8")
    assert [step.size for step in steps] == sorted(step.size for step in steps)
    for step in steps:
        within = best_within(study, "resnet8", round(1e3 * step.size))
        assert within is not None
        assert step.labels == (within.best, *within.undecided)
        levels = [100 * study.level("resnet8", label).value for label in step.labels]
        assert (step.low, step.high) == pytest.approx((min(levels), max(levels)))


def test_no_band_is_drawn_with_too_few_seeds(study_of):
    assert ties(study_of(seeds=(0, 1)), "resnet8") == []


def test_what_lost_twenty_margins_stands_in_the_strip(study: Study):
    figure = build(study)[0]
    drawn = points(study, "resnet8", "payload_bytes")
    limit = floor(study, "resnet8", drawn)
    assert limit == pytest.approx(max(point.level for point in drawn) - FAR * 0.5)
    main, strip = figure.draw(WIDE).drawing.axes
    far = [point for point in drawn if point.level < limit]
    assert {point.variant.label for point in far} == {"magnitude:sparsity=0.9", "magnitude:sparsity=0.95"}
    assert main.get_ylim()[0] > max(point.level for point in far)
    words = " ".join(text.get_text().replace("\n", " ") for text in strip.texts)
    for point in far:
        assert f"{point.level:.1f}%" in words


def test_nothing_stands_in_a_strip_where_all_methods_collapsed(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "magnitude:sparsity=0.95"))
    study = study_of(variants=chosen)
    assert floor(study, "resnet8", points(study, "resnet8", "payload_bytes")) == -np.inf
    _, strip = build(study)[0].draw(WIDE).drawing.axes
    assert [text.get_text() for text in strip.texts] == ["chance: 10%"]


def test_chance_has_a_line_even_where_nothing_collapsed(study_of, variants):
    random = np.random.default_rng(0)
    right = lambda model, seed, label: random.random(360) < 0.9  # noqa: E731
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))
    strip = build(study_of(variants=chosen, right=right))[0].draw(WIDE).drawing.axes[1]
    assert [text.get_text() for text in strip.texts][:1] == ["chance: 10%"]


def test_a_sweep_is_one_line_that_darkens_and_names_its_values(study: Study):
    drawn = points(study, "resnet8", "payload_bytes")
    (magnitude,) = [sweep for sweep in sweeps(drawn) if sweep[0].variant.label.startswith("magnitude:")]
    assert [point.variant.label for point in magnitude] == [f"magnitude:sparsity={s}" for s in (0.5, 0.8, 0.9, 0.95)]
    shades = [point.shade for point in magnitude]
    assert shades == sorted(shades)
    assert shades[-1] == 1
    words = [text.get_text().replace("\n", " ") for text in build(study)[0].draw(WIDE).drawing.axes[0].texts]
    assert "Magnitude, sparsity 0.5, 0.8, 0.9, 0.95" in words


@MEDIA
def test_the_finding_is_short_and_said_of_one_network(study: Study, medium):
    for figure in build(study):
        assert title_of(study, figure.network) in figure.finding
        assert len(f"{figure.finding} {figure.caption}".split()) <= 35
        assert figure.draw(medium).drawing.axes[0].get_ylabel() == "Top-1 accuracy (%)"


def test_nothing_packed_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) == []


def test_an_accuracy_of_all_is_drawn_within_the_panel(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))
    (figure,) = build(study_of(variants=chosen, seeds=(0, 1), accuracy=lambda *_: 100.0))
    low, high = figure.draw(WIDE).drawing.axes[0].get_ylim()
    assert low < 100 < high < 105


def test_networks_whose_names_differ_by_marks_alone_have_figures_of_their_own(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))
    figures = build(study_of(models=("net a", "net-a", "网络"), variants=chosen))
    assert [figure.id for figure in figures] == ["footprint-net-a", "footprint-net-a-2", "footprint-network"]
    assert replace(figures[0], id="") != replace(figures[1], id="")


@pytest.mark.parametrize(
    ("others", "untested", "says"),
    [
        (0, 0, "float16 is the one method on ResNet-8: "),
        (1, 0, "float16 beats the other method on ResNet-8: "),
        (3, 0, "float16 beats all 3 others on ResNet-8: "),
        (3, 2, "float16 beats 1 other of 3, all that could be tested, on ResNet-8: "),
        (2, 2, "float16 has too few seeds in common with 2 others to be ranked on ResNet-8: "),
    ],
)
def test_the_finding_counts_those_that_were_beaten(study: Study, monkeypatch, others: int, untested: int, says: str):
    within = best_within(study, "resnet8", np.inf)
    assert within is not None
    chosen = replace(within.choice, label="float16")
    one = replace(within, choice=chosen, others=others, undecided=(), untested=("a", "b")[:untested], silent="")
    monkeypatch.setattr(footprint, "best_within", lambda *_: one)
    assert build(study)[0].finding.startswith(says)
