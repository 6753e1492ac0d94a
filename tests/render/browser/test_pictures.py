"""Figures 5 and 6 in a real browser: pictures of the two networks that are compared, and of no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.data import _cache
from bench.render.document import compose
from bench.render.writers import html
from tests.invented import VARIANTS, Runs
from tests.looked import CLOSENESS, Looked

HOSTILE = "<img src=x onerror=alert(1)>"
CLASSES = (HOSTILE, "\"> & '", "a class with a rather long name of many words", *"3456789")
PRUNED, MILDER = "magnitude:sparsity=0.95", "magnitude:sparsity=0.8"
SHOWN = """
[...document.querySelectorAll(%r)].filter((part) => getComputedStyle(part).display !== 'none')
  .map((part) => part.dataset.variant)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A story of one network, with images of colour and looks into one method."""
    folder = tmp_path_factory.mktemp("pictures")
    variants = tuple(each for each in VARIANTS if each.label in CLOSENESS)
    runs = Runs(models=("resnet8",), seeds=(0, 1, 2), variants=variants, classes=CLASSES, test=120)
    written = Looked(chosen=("attributions", "class-images"), asked=(PRUNED,), colours=3).add(runs.write(folder))
    images = np.random.default_rng(0).integers(0, 256, (120, 3, 40, 40), dtype=np.uint8)
    _cache.write(folder / ".data" / "images" / "c0ffee", _cache.Contents({"test_images": images}, {}))
    pages = html.pages(compose([Study(load(written))]), pdf=False)
    for name, page in pages.items():
        (folder / name).write_text(page, encoding="utf-8")
    return (folder / "index.html").as_uri()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_first_pair_is_shown_with_or_without_a_script(browser, address: str, script: bool):
    browser.open(address, script=script)
    a, b = browser.js("[...document.querySelectorAll('.member .title')].map((name) => name.textContent)")
    assert len(browser.js(SHOWN % ".side")) == 2
    titles = browser.js("[...document.querySelectorAll('.side:is(.is-a, .is-b) .who')].map((name) => name.innerText)")
    assert [title.split(maxsplit=1) for title in sorted(titles)] == [["A", a], ["B", b]]
    assert browser.complaints == []


def test_what_is_chosen_is_shown_a_first(browser, address: str):
    browser.open(f"{address}#a={PRUNED.replace('=', '%3D')}&b={MILDER.replace('=', '%3D')}")
    assert set(browser.js(SHOWN % ".side")) == {PRUNED, MILDER}
    tops = browser.js(
        "['.side.is-a', '.side.is-b'].map((part) => document.querySelector(part).getBoundingClientRect().left)"
    )
    assert tops[0] < tops[1]
    assert browser.js(SHOWN % ".views li[data-variant]") == ["original", "finetune", MILDER, PRUNED]
    assert "It was not looked into; these were: Magnitude 0.95." in browser.js(
        "document.querySelector('.views .is-b').innerText"
    )
    intervals = '#recall-resnet8 .drawing.wide [data-part="interval"]'
    assert set(browser.js(SHOWN % intervals)) == {PRUNED, MILDER}
    chosen = "[...document.querySelectorAll('.drawing.wide [data-part]:is(.is-a, .is-b)')]"
    sorted_by_side = f"{chosen}.sort((one) => one.classList.contains('is-a') ? -1 : 1)"
    strokes = browser.js(f"{sorted_by_side}.map((interval) => getComputedStyle(interval).stroke)")
    assert strokes == ["rgb(11, 92, 173)", "rgb(179, 64, 10)"]  # the colours of A and B


def test_pictures_are_drawn_and_said(browser, address: str):
    browser.open(f"{address}#a={PRUNED.replace('=', '%3D')}")
    spoken = browser.js(
        "[...document.querySelectorAll('.side.is-a [role=img]')].map((picture) => picture.getAttribute('aria-label'))"
    )
    assert len(spoken) == 8
    assert all("of 3 seeds answer" in sentence and "the original is right in" in sentence for sentence in spoken)
    sizes = browser.js("[...document.querySelectorAll('.side.is-a .photo use')].map((use) => use.getBBox().width)")
    assert len(sizes) == 8 and min(sizes) > 0
    assert browser.js("document.querySelectorAll('#photographs').length") == 1


def test_names_of_classes_stay_text(browser, address: str):
    browser.open(address)
    assert browser.js("document.querySelectorAll('img[src=x]').length") == 0
    assert HOSTILE in browser.js("document.body.textContent")
    assert browser.complaints == []


def test_a_dot_is_chosen_where_it_is_pressed(browser, address: str):
    browser.open(address)
    x, y = browser.js(
        f"""(() => {{
          document.querySelector("#recall-resnet8").scrollIntoView();
          const figure = document.querySelector("#recall-resnet8 .drawing.wide");
          const dot = figure.querySelector('.mark[tabindex][data-variant="{PRUNED}"] use');
          const box = dot.getBoundingClientRect();
          return [box.left + box.width / 2, box.top + box.height / 2];
        }})()"""
    )
    for kind in ("mousePressed", "mouseReleased"):
        browser("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert browser.js("document.querySelector('.side.is-a').dataset.variant") == PRUNED


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_four_pictures_in_a_line_and_never_scrolls_sideways(browser, address: str, width: int):
    browser.open(f"{address}#a={PRUNED.replace('=', '%3D')}", width=width)
    tops = browser.js(
        "[...document.querySelectorAll('.side.is-a .photos li')].map((item) => item.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 2
    assert browser.js("document.documentElement.scrollWidth") <= width


def test_the_page_is_offline(address: str):
    source = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    assert source.count("data:image/png;base64") + source.count("data:image/jpeg;base64") >= 3


def test_one_gallery_of_the_details_is_open_at_a_time_and_a_link_opens_its_own(browser, address: str):
    details = address.replace("index.html", "details.html")
    browser.open(details)
    opened = "[...document.querySelectorAll('details.gallery')].map((gallery) => gallery.open)"
    assert browser.js(opened) == [False, False]
    for _ in range(2):
        browser.js("document.querySelectorAll('details.gallery:not([open]) > summary')[0].click()")
        assert sum(browser.js(opened)) == 1
    browser.open(f"{details}#exemplars-resnet8")
    assert browser.js("document.querySelector('#exemplars-resnet8').checkVisibility()")
    browser.js("dispatchEvent(new Event('beforeprint'))")
    assert browser.js(opened) == [True, True]
