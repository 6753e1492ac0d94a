from __future__ import annotations

from bench.render.figures._rows import NAME
from bench.render.figures.distance import build
from bench.render.study import Study
from bench.render.style import WIDE


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
