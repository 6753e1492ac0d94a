from __future__ import annotations

from bench.analysis.study import Study
from bench.render.figures.curves import build
from bench.render.kit.style import WIDE


def test_a_panel_for_training_and_one_for_fine_tuning_a_model(study: Study):
    figure = build(study)
    assert figure is not None
    panels = figure.draw(WIDE).drawing.axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == [f"{model}, {kind}" for kind in ("training", "fine-tuning") for model in study.models]
    assert len(panels[0].lines) == study.seeds + 1
    names = {text.get_text() for text in panels[2].texts}
    assert len(names) == sum(variant.finetunes for variant in study.plan.variants)


def test_no_history_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
