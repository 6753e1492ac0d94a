"""Labels of the story's figures lie on no marker, no axis and no other label, for two methods and for forty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from bench.analysis.study import Study
from bench.render.figures import corners, features, footprint, start
from bench.render.kit.figure import Figure, Sheet
from bench.render.kit.style import NARROW, PRINT, WIDE, Medium
from tests.render._written import collisions

MODULES = (footprint, features, start, corners)
MEDIA = pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
SLACK = 1.0  # pt


def figures(study: Study) -> Iterator[Figure]:
    for module in MODULES:
        yield from module.build(study)


@MEDIA
def test_labels_of_two_methods_lie_apart(few: Study, medium: Medium):
    _hold(few, medium)


@pytest.mark.slow
@MEDIA
def test_labels_of_forty_methods_lie_apart(many: Study, medium: Medium):
    _hold(many, medium)


def _hold(study: Study, medium: Medium) -> None:
    drawn = list(figures(study))
    assert len(drawn) == 5
    for figure in drawn:
        assert collisions(figure, medium) == [], figure.id
        sheet = figure.draw(medium)
        sheet.drawing.draw_without_rendering()
        assert list(_covered(sheet)) == [], figure.id
        assert list(_across_spines(sheet)) == [], figure.id


def _labels(sheet: Sheet) -> Iterator[tuple[Text, Bbox]]:
    """Words among marks, without the boxes of their lines."""
    for panel in sheet.drawing.axes:
        for text in panel.texts:
            if text.get_text():
                yield text, Bbox(Text.get_window_extent(text).get_points())


def _covered(sheet: Sheet) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Labels that lie on the middle of a marker."""
    dots = sheet.drawing.get_dpi() / 72
    for panel in sheet.drawing.axes:
        box = panel.get_window_extent()
        for line in panel.lines:
            if line.get_marker() in ("None", "", None) or line.get_linestyle() != "None":
                continue
            radius = 0.35 * line.get_markersize() * dots
            for x, y in _places(line):
                if box.contains(x, y):
                    square = Bbox([[x - radius, y - radius], [x + radius, y + radius]])
                    yield from ((text.get_text(), (x, y)) for text, extent in _labels(sheet) if extent.overlaps(square))


def _places(line: Line2D) -> np.ndarray:
    return line.get_transform().transform(np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float))


def _across_spines(sheet: Sheet) -> Iterator[str]:
    """Labels that leave their panel, and so lie on its axes."""
    slack = SLACK * sheet.drawing.get_dpi() / 72
    for text, extent in _labels(sheet):
        if not isinstance(text, Annotation):  # at a panel's side
            continue
        box = text.axes.get_window_extent().padded(slack)  # type: ignore[union-attr]
        if not (box.contains(extent.x0, extent.y0) and box.contains(extent.x1, extent.y1)):
            yield text.get_text()


def test_the_check_finds_a_label_on_a_marker(few: Study):
    sheet = next(figures(few)).draw(WIDE)
    panel = sheet.drawing.axes[0]
    (point,) = panel.plot([100], [97.0], "o", linestyle="none")
    panel.annotate("on it", (100, 97.0), ha="center", va="center")
    sheet.drawing.draw_without_rendering()
    assert point in panel.lines
    assert "on it" in [words for words, _ in _covered(sheet)]
