from __future__ import annotations

import pytest

from bench.analysis.reliability import diagrams
from bench.analysis.study import Study
from bench.render.figures import reliability as figures
from bench.render.kit.style import NARROW, PRINT, WIDE
from bench.render.tables import reliability as tables
from tests.render._written import written


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_a_panel_a_network(study: Study, medium):
    made = figures.build(study)
    assert [figure.id for figure in made] == [f"reliability-{model}" for model in study.models]
    panels = made[0].draw(medium).drawing.axes
    assert len(panels) == len(diagrams(study, "resnet8"))
    assert [panel.texts[0].get_text() for panel in panels[:1]] == ["Original"]
    assert all(panel.texts[1].get_text().startswith("ECE ") for panel in panels)
    assert panels[0].get_ylabel() and not panels[1].get_ylabel()


def test_every_bin_with_answers_is_a_row(study: Study):
    table = tables.build(study)
    assert table is not None
    found = [found for model in study.models for found in diagrams(study, model)]
    assert table.size == sum(int((each.answers > 0).sum()) for each in found)


def test_without_answers_there_is_nothing(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    study = study_of(states=dict.fromkeys(names, "missing"))
    assert figures.build(study) == []
    assert tables.build(study) is None


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_the_error_is_never_cut_and_stays_in_the_figure(study: Study, medium):
    (figure, *_) = figures.build(study)
    errors = [(text, box) for text, box in written(figure, medium) if text.startswith("ECE")]
    assert len(errors) == len(diagrams(study, "resnet8"))
    for text, box in errors:
        assert "…" not in text
        assert box.x0 >= 0
        assert box.x1 <= 72 * medium.width
