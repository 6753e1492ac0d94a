from __future__ import annotations

import pytest

from bench.analysis.across import across
from bench.analysis.study import Study
from bench.render.figures._rows import NAME
from bench.render.figures.ranking import build
from bench.render.kit.style import NARROW, PRINT, WIDE


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT])
def test_rows_go_from_the_best_rank(five: Study, medium):
    figure = build(five)
    rows = [
        text.get_text().replace("\n", " ")
        for text in figure.draw(medium).drawing.axes[0].texts
        if text.get_gid() == NAME
    ]
    best = five.plan.variant(across(five)[0].ranking.methods[0]).title
    assert rows[0] == best
    assert len(rows) == len(five.plan.methods)


def test_a_bar_joins_every_group(five: Study):
    axes = build(five).draw(WIDE).drawing.axes[0]
    bars = [line for line in axes.get_lines() if line.get_linewidth() == pytest.approx(1.8)]
    assert len(bars) == len(across(five)[0].ranking.groups)


def test_two_networks_are_not_ranked(study: Study):
    assert build(study) is None


def test_one_network_is_not_ranked(study_of):
    assert build(study_of(models=("resnet8",))) is None
