from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font

from bench.render.kit import fonts
from bench.render.kit.figure import Figure, Sheet, blank
from bench.render.kit.style import PRINT

FACES = [{}, {"weight": "bold"}, {"style": "italic"}]


@pytest.mark.parametrize("properties", FACES, ids=str)
def test_a_letter_of_the_small_font_is_that_of_the_whole_one(properties):
    small, full = (
        get_font(findfont(FontProperties(family=family, **properties), fallback_to_default=False))
        for family in (fonts.families()[0], fonts.FULL)
    )
    for font in (small, full):
        font.set_size(100, 72)
    assert small.num_glyphs < full.num_glyphs / 5
    assert small.postscript_name == full.postscript_name
    for letter in "aÄąλ±−→∞":
        widths = [font.load_char(ord(letter)).horiAdvance for font in (small, full)]
        assert widths[0] == widths[1] > 0, letter


def test_it_has_all_that_is_written_into_figures():
    small = get_font(findfont(FontProperties(family=fonts.families()[0])))
    assert {ord(letter) for letter in "–—−×·→≤≥…±°µσ%"} <= set(small.get_charmap())


def test_what_it_lacks_comes_from_the_whole_font():
    def paint(medium):
        sheet, panel = blank(medium, 1.0)
        panel.text(1, 0.5, "a Привет")
        return sheet

    (written,) = Figure("x", "x", "caption", "alt", paint, ()).pages(PRINT)
    assert written.count(b"/FontFile2") == 2  # a cut of each


def test_its_files_are_found_by_the_settings_of_every_medium():
    seen = []

    def paint(medium) -> Sheet:
        seen.append(mpl.rcParams["font.family"])
        return blank(medium, 1.0)[0]

    Figure("x", "x", "caption", "alt", paint, ()).svg(PRINT)
    assert seen == [["Innards Sans", "DejaVu Sans"]]


def test_letters_of_other_scripts_are_told_apart(monkeypatch):
    monkeypatch.setattr(fonts, "fallbacks", lambda: ())
    assert fonts.undrawn("Hund, chien, собака, σκύλος") == ""
    assert fonts.undrawn("犬 dog 犬猫") == "犬猫"
    monkeypatch.setattr(fonts, "fallbacks", lambda: ("STIXGeneral",))
    assert fonts.undrawn("犬") == "犬"


def test_fonts_of_the_system_stand_behind_ours():
    assert fonts.families()[:2] == [fonts.SMALL, fonts.FULL]
    assert fonts.families()[2:] == list(fonts.fallbacks())
