from __future__ import annotations

import numpy as np

from bench.analysis.distances import compared
from bench.analysis.study import Study
from bench.render.figures.maps import build, chosen
from bench.render.kit.style import WIDE


def test_controls_then_the_nearest_the_middle_and_the_farthest(study: Study):
    assert chosen(study, "pooled", "debiased-cka") == [
        "finetune",
        "other-seed",
        "random-weights",
        "float16",
        "magnitude:sparsity=0.8",
        "magnitude:sparsity=0.95",
    ]


def test_all_share_one_colour_scale(study: Study):
    images = [image for panel in build(study)[0].draw(WIDE).drawing.axes for image in panel.images]
    assert len(images) == 12
    assert {image.get_clim() for image in images} == {(0, 1)}
    np.testing.assert_array_equal(
        images[0].get_array(), compared(study)["resnet8", "finetune"].maps["pooled", "debiased-cka"][1]
    )


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) == []
