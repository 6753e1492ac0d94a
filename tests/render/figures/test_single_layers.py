import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.figures import single_layers
from bench.render.kit.style import NARROW, PRINT, WIDE
from tests.invented import CONTROLS, METHODS, Runs
from tests.single_layers import SingleLayers, rise


def study_of(folder, **settings):
    runs = Runs(models=("resnet8",), seeds=(0, 1), variants=(*CONTROLS, METHODS[0]))
    return Study(load(SingleLayers(**settings).add(runs.write(folder))))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_a_panel_a_layer_in_order_of_depth(study, medium):
    figures = {figure.id: figure for figure in single_layers.build(study)}
    assert list(figures) == [f"single-layers-{kind}-resnet8" for kind in ("elements", "channels", "bits")]
    panels = figures["single-layers-elements-resnet8"].draw(medium).drawing.axes
    assert [panel.get_title(loc="left") for panel in panels] == ["1 stem", "2 middle", "3 head"]
    for panel, target in zip(panels, ("stem", "middle", "head"), strict=True):
        curves = [line for line in panel.lines if len(line.get_xdata()) == 3]
        for line, retaken in zip(curves, (True, False), strict=True):
            assert list(line.get_xdata()) == [0, 50, 90]
            means = [np.mean([rise("elements", target, step, seed, retaken) for seed in (0, 1)]) for step in range(3)]
            np.testing.assert_allclose(line.get_ydata(), means)
        low, high = panel.get_ylim()
        assert low < 0 < 0.6 < high  # all panels have one axis
    (channels,) = figures["single-layers-channels-resnet8"].draw(medium).drawing.axes
    assert channels.get_title(loc="left") == "1 stem +1"
    bits = figures["single-layers-bits-resnet8"].draw(medium).drawing.axes[0]
    assert [tick.get_text() for tick in bits.get_xticklabels()] == ["32", "4", "2"]


def test_the_finding_names_what_tolerates_least(study):
    findings = [figure.finding for figure in single_layers.build(study)]
    retaken = "With statistics re-taken, stem tolerates none of the levels."
    assert findings == [retaken, "", retaken]


def test_where_all_tolerate_the_same_nobody_is_named(tmp_path):
    (figure, *_) = single_layers.build(study_of(tmp_path, rise=lambda *_: 0.0))
    assert figure.finding == "With statistics re-taken, all layers tolerate 90%."


def test_where_none_tolerates_anything_that_is_not_called_tolerating_0(tmp_path):
    (figure, *_) = single_layers.build(study_of(tmp_path, rise=lambda kind, target, step, *_: 9.0 * step))
    assert figure.finding == "With statistics re-taken, no layer tolerates any level."


def test_a_layer_that_tolerates_something_is_named_with_it(tmp_path):
    study = study_of(tmp_path, rise=lambda kind, target, step, *_: 0.07 * step if target == "head" else 0.0)
    assert [figure.finding for figure in single_layers.build(study)] == [
        "With statistics re-taken, head tolerates the least: 50%.",
        "",
        "With statistics re-taken, head tolerates the least: 4 bits.",
    ]


def test_of_many_layers_some_are_drawn_and_the_others_counted(study, monkeypatch):
    monkeypatch.setattr(single_layers, "MOST", 2)
    (figure, *_) = single_layers.build(study)
    assert [panel.get_title(loc="left") for panel in figure.draw(WIDE).drawing.axes] == ["1 stem", "3 head"]
    assert "2 of 3 layers are drawn" in figure.details


def test_a_loss_that_is_no_number_is_a_gap(tmp_path):
    study = study_of(tmp_path, rise=lambda kind, target, step, seed, retaken: None if step == 2 else 0.01 * step)
    panel = single_layers.build(study)[0].draw(WIDE).drawing.axes[0]
    assert [list(line.get_xdata()) for line in panel.lines if line.get_linewidth() > 1] == [[0, 50]] * 2
