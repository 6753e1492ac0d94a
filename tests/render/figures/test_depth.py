from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures import depth
from bench.render.figures._lines import spread
from bench.render.figures.depth import MOST_LINES, build
from bench.render.kit.style import WIDE
from tests.invented_inside import MEASURES


def test_one_figure_a_measure_and_panels_that_small_families_share(study: Study, monkeypatch):
    figures = build(study)
    assert [figure.id for figure in figures] == [
        f"depth-pooled-{name.replace('-', '_')}" for name in MEASURES if name != "debiased-cka"
    ]
    titles = [panel.get_title(loc="left") for panel in figures[0].draw(WIDE).drawing.axes]
    assert titles == [
        f"{title_of(study, model)}: {family}" for model in study.models for family in ("quantization", "pruning")
    ]
    monkeypatch.setattr(depth, "FULL", 20)
    titles = [panel.get_title(loc="left") for panel in figures[0].draw(WIDE).drawing.axes]
    assert titles == [f"{title_of(study, model)}: quantization, pruning" for model in study.models]


def test_controls_are_in_every_panel(study: Study):
    for panel in (panel for figure in build(study) for panel in figure.draw(WIDE).drawing.axes):
        names = {text.get_text() for text in panel.texts}
        assert {"fine-tuned", "another seed", "random weights"} <= names
        assert len(names) <= MOST_LINES + 3


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) == []


def test_a_measure_that_could_compare_no_block_has_no_figure(study: Study, monkeypatch):
    whole, lost = depth.blocks(study), next(name for name in MEASURES if name != "debiased-cka")
    shown = [figure.id for figure in build(study)]
    incomparable = [
        replace(claim, value=replace(claim.value, value=np.nan)) if claim.measure == lost else claim for claim in whole
    ]
    monkeypatch.setattr(depth, "blocks", lambda _: incomparable)
    left = [figure.id for figure in build(study)]
    assert left == [name for name in shown if name != f"depth-pooled-{lost.replace('-', '_')}"]
    assert len(left) == len(shown) - 1


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9), st.floats(0.1, 1.0))
def test_names_are_moved_apart_and_stay_in_order(wanted: list[float], gap: float):
    found = spread(sorted(wanted), gap, -100, 100)
    assert len(found) == len(wanted)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(found))
    assert sum(found) == pytest.approx(sum(wanted), abs=1e-6)
