from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from math import inf

import pytest
from matplotlib.figure import Figure as Drawing

from bench.render import drawings
from bench.render.drawings import Drawings
from bench.render.kit import figure as kit
from bench.render.kit.figure import Figure, Sheet, panels
from bench.render.kit.style import GUEST_COLORS, NARROW, PAPER_MEDIA, PRINT, WIDE, family, styles


def paint(text, medium):
    sheet = Sheet(medium, Drawing(figsize=(2, 1)))
    (line,) = sheet.drawing.subplots().plot([0, 1])
    sheet.drawing.text(0.5, 0.5, text)
    sheet.mark(line, text)
    return sheet


def figure(name):
    return Figure(name, name, "caption", "alt", partial(paint, name), ())


FIGURES = [figure(name) for name in ("a", "b", "c", "d", "e")]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_other_processes_draw_the_same_bytes():
    one, two = (Drawings(FIGURES, FIGURES[0], processes) for processes in (1, 2))
    assert two._coming and not one._coming
    for each in FIGURES:
        assert one.text(each) == two.text(each) == {f"{each.id}.pdf": each.pages(PRINT)[0]}
        for medium in (WIDE, NARROW):
            assert one.svg(each, medium) == two.svg(each, medium) == each.svg(medium)
        assert one.column(each) == two.column(each) == {f"{each.id}-column.pdf": each.pages(NARROW)[0]}
    assert one.preview(FIGURES[0]) == two.preview(FIGURES[0]) == FIGURES[0].png(WIDE)
    assert not two._coming


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_figures_may_be_begun_one_group_after_another():
    late = [figure(name) for name in ("v", "w", "x", "y", "z")]
    both = Drawings(FIGURES, processes=2)
    both.begin(late, late[0], paper=[late[1]])
    alone = Drawings([*FIGURES, *late], late[0], 1, paper=[late[1]])
    assert len(both._coming) == 3 * 10 + len(PAPER_MEDIA) - len({PRINT, NARROW, WIDE} & {*PAPER_MEDIA.values()})
    for each in (*FIGURES, *late):
        assert both.text(each) == alone.text(each) and both.svg(each, WIDE) == alone.svg(each, WIDE)
    assert both.preview(late[0]) == alone.preview(late[0])
    assert both.paper(late[1]) == alone.paper(late[1])


def test_only_chosen_figures_are_as_wide_as_a_column():
    drawings = Drawings([], processes=1)
    drawings.begin(FIGURES, columns=FIGURES[1:2])
    assert [each.id for each in FIGURES if drawings.column(each)] == ["b"]
    assert drawings.files(FIGURES[0]) == ["a.pdf"] and drawings.files(FIGURES[1]) == ["b.pdf", "b-column.pdf"]
    assert drawings.svg(FIGURES[0], NARROW) == FIGURES[0].svg(NARROW)


def test_two_reports_begun_before_either_is_drawn_keep_their_styles():
    def painted(medium):
        sheet = Sheet(medium, Drawing(figsize=(2, 1)))
        sheet.drawing.subplots().plot([0, 1], color=family("mine").color)
        return sheet

    one = Figure("x", "x", "caption", "alt", painted, ())
    both = [Drawings([one], processes=1, guests=styles(names)) for names in (["mine"], ["a", "mine"])]
    first, second = (drawings.svg(one, WIDE)[0] for drawings in both)
    assert GUEST_COLORS[0] in first and GUEST_COLORS[1] not in first
    assert GUEST_COLORS[1] in second and GUEST_COLORS[0] not in second


def test_a_figure_is_drawn_once():
    calls = []

    def count(medium):
        calls.append(medium.name)
        return paint("x", medium)

    one = Figure("x", "x", "caption", "alt", count, ())
    made = Drawings([one], processes=1)
    assert made.svg(one, WIDE) is made.svg(one, WIDE)
    assert calls == ["wide"]


def test_few_figures_are_drawn_here():
    assert drawings._cores(FIGURES[:3]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_what_a_process_cannot_draw_is_drawn_here_and_a_mistake_is_the_figures_own():
    def die(medium):
        import multiprocessing
        import os

        if multiprocessing.parent_process() is not None:
            os._exit(1)
        return paint("x", medium)

    def fail(medium):
        raise ZeroDivisionError("of this figure")

    deadly, wrong = (Figure(name, name, "caption", "alt", call, ()) for name, call in (("x", die), ("y", fail)))
    assert Drawings([deadly, *FIGURES], processes=2).text(deadly)["x.pdf"].startswith(b"%PDF")
    with pytest.raises(ZeroDivisionError, match="of this figure"):
        Drawings([wrong, *FIGURES], processes=2).svg(wrong, WIDE)


def test_a_tall_figure_is_divided_where_it_may_be():
    def tall(medium):
        return Sheet(medium, Drawing(figsize=(5, 20)), cuts=(6, 12, 13))

    made = Figure("tall", "tall", "caption", "alt", tall, ())
    assert tall(PRINT).pages == [(0, 6), (6, 13), (13, 20)]
    assert len(made.pages(PRINT)) == 3
    assert len(made.pages(WIDE)) == 1
    assert list(Drawings([made]).text(made)) == ["tall.pdf", "tall-page2.pdf", "tall-page3.pdf"]


def test_dividing_a_figure_changes_nothing_of_its_other_forms():
    def tall(medium):
        sheet, _ = panels(medium, 3, 4.0, columns=1)
        return sheet

    made = Figure("tall", "tall", "caption", "alt", tall, ())
    assert len(made.pages(NARROW)) == 2
    assert made.written(NARROW, ["pages", "svg"])["svg"] == made.svg(NARROW)


def test_a_paper_gets_a_tall_figure_on_one_page_and_no_other_is_written_for_it(monkeypatch: pytest.MonkeyPatch):
    rooms: list[float] = []
    written: list[int] = []
    write = kit._pages

    def tall(medium):
        rooms.append(medium.tallest)
        return Sheet(medium, Drawing(figsize=(5, 20)), cuts=(6, 12, 13))

    def count(sheet):
        written.append(len(sheet.pages))
        return write(sheet)

    monkeypatch.setattr(kit, "_pages", count)
    made = Figure("tall", "tall", "caption", "alt", tall, ())
    serif = PAPER_MEDIA["text-serif"]
    assert made.whole(serif) == made.pages(replace(serif, tallest=inf))
    assert rooms == [serif.tallest, inf, inf] and written == [1]
    drawings = Drawings([made], processes=1, paper=[made])
    assert list(drawings.paper(made)["text-serif"]) == ["tall-text-serif.pdf"]
    assert len(drawings.text(made)) == 3
    assert drawings.paper(made)["text-sans"] == {"tall-text-sans.pdf": made.whole(PRINT)[0]}


def test_a_figure_that_fits_its_page_is_painted_once_for_page_and_paper():
    media = []

    def count(medium):
        media.append(medium)
        return paint("x", medium)

    one = Figure("x", "x", "caption", "alt", count, ())
    drawings = Drawings([one], processes=1, paper=[one])
    assert list(drawings.text(one).values()) == list(drawings.paper(one)["text-sans"].values())
    assert sorted(medium.name for medium in media) == sorted(medium.name for medium in PAPER_MEDIA.values())
