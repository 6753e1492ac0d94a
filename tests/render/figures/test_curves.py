from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import curves
from bench.render.figures.curves import build
from bench.render.kit.style import WIDE
from bench.task.detection import Detection


def test_a_panel_for_training_and_one_for_fine_tuning_a_model(study: Study):
    figure = build(study)
    assert figure is not None
    panels = figure.draw(WIDE).drawing.axes
    titles = [panel.get_title(loc="left") for panel in panels]
    names = [title_of(study, model) for model in study.models]
    assert titles == [f"{name}, {kind}" for kind in ("training", "fine-tuning") for name in names]
    assert len(panels[0].lines) == study.seeds + 1
    names = {text.get_text() for text in panels[2].texts}
    assert len(names) == sum(variant.finetunes for variant in study.plan.variants)


def test_no_history_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None


def test_fine_tuning_without_validation_is_drawn_by_its_loss(study_of):
    study = study_of()
    history = study.results.history
    tuning = history["kind"] == "compress"
    history.loc[tuning, "validation_accuracy"] = None
    twice = history[tuning].assign(loss=history.loc[tuning, "loss"] / 100)  # a chain's second stage, from 1 again
    whole = Study(replace(study.results, history=pd.concat([history, twice], ignore_index=True)))
    figure = build(whole)
    assert "Fine-tuning: training loss after each epoch" in figure.details
    training, finetuning = figure.draw(WIDE).drawing.axes
    assert training.get_ylabel().startswith("Validation")
    assert finetuning.get_ylabel() == "Training loss"
    curve = finetuning.lines[0]
    assert list(curve.get_xdata()) == list(range(1, 11))
    assert finetuning.get_yscale() == "log"
    assert curve.get_ydata()[5] * 100 == pytest.approx(curve.get_ydata()[0])


@pytest.mark.parametrize("levels", [[0.0, 0.0], [0.0, 0.04], [3.0, 40.0], [99.0, 99.5]])
def test_an_axis_has_height_and_no_room_below_zero(levels):
    low, high = curves._ends(SimpleNamespace(primary=Detection.primary), pd.Series(levels))
    assert low < min(levels) and high > max(levels)
    assert low > -0.05 * high and high - low > 0.2
