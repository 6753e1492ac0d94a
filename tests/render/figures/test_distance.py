from __future__ import annotations

from matplotlib.collections import PathCollection

from bench.analysis.study import Study
from bench.render.figures._rows import NAME, Dot, draw
from bench.render.figures.distance import build
from bench.render.kit.figure import panels
from bench.render.kit.style import WIDE


def test_rows_go_from_the_nearest_to_the_random_floor(study: Study):
    figure = build(study)
    assert figure is not None
    rows = [text.get_text() for text in figure.draw(WIDE).drawing.axes[0].texts if text.get_gid() == NAME]
    assert rows[0] == "float16"
    assert rows[-1] == "Random weights"
    assert "Other seed" not in rows
    assert rows.index("INT8 (NNCF PTQ)") < rows.index("Magnitude (sparsity 0.95)")


def test_without_another_seed_there_is_no_scale(study_of):
    names = [f"compare/resnet8/{seed}/other-seed" for seed in range(6)]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) is None


def test_an_interval_that_leaves_the_panel_ends_in_an_arrowhead(study: Study):
    sheet, (panel,) = panels(WIDE, 1, 2.0, columns=1)
    panel.set_xlim(0, 1)
    variant = study.plan.methods[0]
    draw(
        sheet,
        panel,
        [
            Dot(0, 0.5, 0.2, 0.8, variant),
            Dot(1, 0.5, 0.2, 3.0, variant),
            Dot(2, 0.5, -1.0, 0.8, variant),
        ],
    )
    heads = [each.get_offsets().tolist() for each in panel.collections if isinstance(each, PathCollection)]
    assert heads == [[[0, 2]], [[1, 1]]]
