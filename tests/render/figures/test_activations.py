from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.figures.activations import build
from bench.render.kit.style import WIDE


def test_sizes_are_peaks_of_feature_maps(study: Study):
    figure = build(study)
    assert figure is not None
    marks = [mark for mark in figure.draw(WIDE).marks.values() if mark.label]
    sizes = {mark.data["variant"]: float(mark.data["size"]) for mark in marks}
    assert sizes["float16"] == pytest.approx(16.384)
    assert sizes["nncf-int8-ptq"] == pytest.approx(4.096)
