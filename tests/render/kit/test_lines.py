"""What the kit's own artists spare matplotlib changes no byte."""

from __future__ import annotations

import pytest
from matplotlib.lines import Line2D

from bench.render.kit.figure import Figure, line, panels
from bench.render.kit.style import NARROW


def _written(draw) -> dict:
    def paint(medium):
        sheet, axes = panels(medium, 3, 3.7, columns=1)
        for panel in axes:
            panel.set(xlim=(0, 1), ylim=(0, 1))
            panel.plot([-1, 2], [0.1, 0.9])  # clipped by a box of matplotlib's own
            for place in (0.2, 0.9):
                draw(panel, [place, place + 0.3], [place, 0.4])
        return sheet

    made = Figure("x", "x", "caption", "alt", paint, ())
    return made.written(NARROW, ["svg", "pages", "png"])


@pytest.fixture(scope="module")
def plain() -> dict:
    return _written(lambda panel, x, y: panel.add_artist(Line2D(x, y, solid_capstyle="butt")))


def test_a_line_is_clipped_as_matplotlib_would(plain: dict):
    assert len(plain["pages"]) == 2
    assert _written(line) == plain


def test_a_line_that_is_not_clipped_is_other_bytes(plain: dict):
    other = _written(lambda panel, x, y: line(panel, x, y, clip_on=False))
    assert all(other[form] != plain[form] for form in plain)
