"""What holds for every figure: it says what it must, its numbers are in tables, and it is the same every time."""

from __future__ import annotations

import re

import pytest

from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.kit.style import NARROW, PRINT, VARIABLES, WIDE, Medium
from tests.render._written import collisions


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return compose([study])


def test_n_intervals_margins_and_version_are_said_once(document: Document):
    (part,) = document.parts
    said = " ".join(part.reading)
    for words in ("n = 6 seeds", "Intervals are 95%", "±0.5 points of accuracy", "Innards 0.1.0, profile digits."):
        assert said.count(words) == 1, words
    for item in (*document.figures, *document.data):
        assert "Innards 0.1.0" not in item.caption, item.id


def test_every_plotted_value_is_in_a_table(document: Document):
    tables = {table.id for table in document.data}
    for figure in document.figures:
        assert figure.tables, figure.id
        assert set(figure.tables) <= tables, figure.id


def test_drawings_are_the_same_every_time(document: Document):
    figure = next(figure for figure in document.figures if figure.id == "footprint-resnet8")
    assert figure.svg(WIDE)[0] == figure.svg(WIDE)[0]
    assert figure.pages(PRINT) == figure.pages(PRINT)


@pytest.mark.sampled
@pytest.mark.parametrize("medium", [NARROW, PRINT], ids=lambda medium: medium.name)
def test_no_text_on_paper_is_smaller_than_6_points(document: Document, medium: Medium):
    for figure in document.figures:
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", figure.svg(medium)[0])]
        assert sizes, figure.id
        assert min(sizes) >= 6, (figure.id, min(sizes))


@pytest.mark.sampled
@pytest.mark.parametrize(("medium", "inches"), [(NARROW, (3.25, 8.2)), (PRINT, (5.5, 7.2))], ids=["column", "text"])
def test_what_is_for_paper_fits_a_page_and_is_not_scaled_down(document: Document, medium: Medium, inches):
    for figure in (figure for figure in document.figures if medium == PRINT or not figure.gallery):
        for page in figure.pages(medium):
            width, height = map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", page).groups())
            assert width == pytest.approx(inches[0] * 72, abs=0.5), figure.id
            assert height <= inches[1] * 72 + 0.5, (figure.id, height)


@pytest.mark.slow
def test_colours_follow_the_theme_but_for_heat_maps(document: Document):
    for figure in document.figures:
        if not figure.id.startswith("maps"):
            source = re.sub(r"<defs>.*?</defs>", "", figure.svg(NARROW)[0], flags=re.DOTALL)
            assert set(re.findall(r"#[0-9a-f]{6}", source)) <= set(VARIABLES), figure.id


@pytest.mark.sampled
@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_no_words_lie_on_others(document: Document, medium: Medium):
    assert {figure.id: found for figure in document.figures if (found := collisions(figure, medium))} == {}
