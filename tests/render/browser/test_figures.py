"""The story's figures as a browser sets them: words lie on no other words, and on no marker."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import Markup

from bench.analysis.study import Study
from bench.render.figures import corners, features, footprint, start
from bench.render.kit.style import NARROW, WIDE, drawn_with, styles
from bench.render.writers.overrides import Templates
from bench.render.writers.svg import StyleSheet, inline
from tests.render.figures.conftest import few, many

WIDTHS = {"wide": 1056, "narrow": 358}  # CSS pixels of a drawing on the page
OVERLAPS = """
(() => {
  const found = [], slack = 1.5;
  const meet = (a, b) => a.left + slack < b.right && b.left + slack < a.right
    && a.top + slack < b.bottom && b.top + slack < a.bottom;
  const inner = (box, share) => ({ left: box.left + box.width * share, right: box.right - box.width * share,
    top: box.top + box.height * share, bottom: box.bottom - box.height * share });
  for (const drawing of document.querySelectorAll(".drawing")) {
    const words = [...drawing.querySelectorAll("text")].filter((text) => text.textContent.trim());
    const boxes = words.map((text) => inner(text.getBoundingClientRect(), 0.04));
    const edge = drawing.getBoundingClientRect();
    words.forEach((text, i) => {
      for (let j = i + 1; j < words.length; j++)
        if (meet(boxes[i], boxes[j])) found.push(`${drawing.id}: ${text.textContent} | ${words[j].textContent}`);
      if (boxes[i].left < edge.left - 1 || boxes[i].right > edge.right + 1)
        found.push(`${drawing.id}: ${text.textContent} leaves the drawing`);
    });
    for (const use of drawing.querySelectorAll(".mark[role=img] use")) {
      const box = inner(use.getBoundingClientRect(), 0.3);
      words.forEach((text, i) => {
        if (meet(boxes[i], box)) found.push(`${drawing.id}: ${text.textContent} on ${use.closest(".mark").ariaLabel}`);
      });
    }
  }
  return found;
})()
"""

__all__ = ["few", "many"]


def page(study: Study, folder: Path) -> str:
    """A page of nothing but the drawings, with the style of every page."""
    sheet, drawings = StyleSheet(), []
    with drawn_with(styles(variant.family for variant in study.plan.variants)):
        for figure in [figure for module in (footprint, features, start, corners) for figure in module.build(study)]:
            for medium in (WIDE, NARROW):
                drawing = Markup(inline(*figure.svg(medium), f"{figure.id}-{medium.name}", sheet))
                drawings.append(
                    f'<div class="drawing" id="{figure.id}-{medium.name}" style="width:{WIDTHS[medium.name]}px">'
                    f"{drawing}</div>"
                )
    style = Templates("html", None).source("style.css") + sheet.css
    path = folder / "drawings.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><style>{style}</style>{''.join(drawings)}", encoding="utf-8")
    return path.as_uri()


def test_words_of_two_methods_lie_apart_in_a_browser(browser, few: Study, tmp_path: Path):
    browser.open(page(few, tmp_path), width=1400)
    assert browser.js("document.querySelectorAll('.drawing text').length") > 100
    assert browser.js(OVERLAPS) == []


@pytest.mark.slow
def test_words_of_forty_methods_lie_apart_in_a_browser(browser, many: Study, tmp_path: Path):
    browser.open(page(many, tmp_path), width=1400)
    assert browser.js(OVERLAPS) == []


def test_the_check_finds_words_on_words(browser, tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text(
        '<!doctype html><div class="drawing" id="d"><svg viewBox="0 0 100 50"><text x="5" y="20">one</text>'
        '<text x="8" y="20">other</text></svg></div>'
    )
    browser.open(path.as_uri())
    assert browser.js(OVERLAPS) == ["d: one | other"]
