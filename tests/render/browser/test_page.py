"""The page in a real browser: what a reader sees and does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

RATIOS = """
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("script, style, [aria-hidden=true], .permalink")) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = element.className.baseVal ?? element.className;
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${name}: ${walker.currentNode.textContent.trim()}`);
  }
  return low;
})()
"""


@pytest.fixture(scope="module")
def address(rendered: Path) -> str:
    return (rendered / "details.html").as_uri()


def test_it_asks_for_nothing_and_complains_of_nothing(browser, address: str):
    browser.open(address)
    assert [url for url in browser.requests if not url.startswith("data:")] == [address]
    assert browser.complaints == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_never_scrolls_sideways(browser, address: str, width: int):
    browser.open(address, width=width)
    browser.js("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert browser.js("document.documentElement.scrollWidth") <= width


def test_narrow_and_wide_pages_have_drawings_of_their_own(browser, address: str):
    for width, shown in ((360, "narrow"), (1280, "wide")):
        browser.open(address, width=width)
        visible = browser.js(
            "[...document.querySelectorAll('.drawing')].filter((d) => d.checkVisibility()).map((d) => d.className)"
        )
        assert set(visible) == {f"drawing {shown}"}


@pytest.mark.sampled
@pytest.mark.parametrize("width", [360, 1280])
def test_anchors_land_where_they_say(browser, address: str, width: int):
    browser.open(address, width=width)
    last = "[...document.querySelectorAll('figure[id], .table[id], section[id]')].map((each) => each.id).slice(-12)"
    for anchor in browser.js(last):
        browser.open(f"{address}#{anchor}", width=width)
        browser.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
        top, below = browser.js(
            f"[document.getElementById({anchor!r}).getBoundingClientRect().top, "
            "document.documentElement.scrollHeight - innerHeight - scrollY]"
        )
        assert -2 <= top <= 120 or below < 2, anchor


def test_text_in_drawings_can_be_read_on_a_phone(browser, address: str):
    browser.open(address, width=360)
    smallest = browser.js(
        "Math.min(...[...document.querySelectorAll('.drawing.narrow text')]"
        ".map((text) => text.getBoundingClientRect().height))"
    )
    assert smallest >= 8


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_enough_in_both_themes(browser, address: str, dark: bool):
    browser.open(address, dark=dark)
    assert browser.js("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 22, 26)" if dark else "rgb(255, 255, 255)"
    )
    assert browser.js(RATIOS) == []


def test_without_script_everything_is_there_and_no_dead_control(browser, address: str):
    browser.open(address, script=False)
    dom = browser("DOM.getDocument", depth=-1)
    source = browser("DOM.getOuterHTML", nodeId=dom["root"]["nodeId"])["outerHTML"]
    body = source.partition("<script>")[0]
    assert "<input" not in body
    assert "<button" not in body
    assert body.count("<table") >= 8


def test_the_theme_can_be_chosen_by_keyboard(browser, address: str):
    browser.open(address)
    browser.js("document.querySelector('.theme').focus()")
    browser.press("Enter")
    assert browser.js("document.documentElement.dataset.theme") == "dark"
    browser.press("Enter")
    assert browser.js("document.documentElement.dataset.theme") == "light"


def test_a_table_sorts_within_its_groups_and_tells_so(browser, address: str):
    browser.open(address)
    values = (
        "[...document.querySelector('#results table').tBodies].map((body) => [...body.rows]"
        ".filter((row) => !row.classList.contains('group')).map((row) => Number(row.cells[5].dataset.sort)))"
    )
    before = browser.js(values)
    button = "document.querySelectorAll('#results thead button')[5]"
    browser.js(f"{button}.click()")
    assert browser.js(values) == [sorted(group) for group in before]
    assert browser.js(f"{button}.parentElement.getAttribute('aria-sort')") == "ascending"
    browser.js(f"{button}.click()")
    assert browser.js(values) == [sorted(group, reverse=True) for group in before]
    assert browser.js("document.querySelectorAll('#results tbody')[0].rows[0].className") == "group"


@pytest.mark.parametrize("typed", ["ResNet-8 int8", "resnet8 INT8"])
def test_a_table_filters_by_what_its_rows_say(browser, address: str, typed: str):
    browser.open(address)
    browser.js(
        f"(() => {{ const field = document.querySelector('#results .filter'); field.value = {typed!r};"
        " field.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )
    shown = browser.js(
        "[...document.querySelectorAll('#results tbody tr')].filter((row) => !row.hidden)"
        ".map((row) => row.cells[0].textContent.trim())"
    )
    assert shown[0] == "ResNet-8"
    assert len(shown) == 4
    assert all("INT8" in name for name in shown[1:])


SHOWN = "[...document.querySelectorAll('#results thead th')].filter((head) => head.checkVisibility()).length"


def test_a_table_shows_eight_columns_and_the_others_when_asked(browser, address: str):
    browser.open(f"{address}#results")
    chooser = "document.querySelector('#results .columns')"
    offered = browser.js("document.querySelectorAll('#results thead th').length")
    assert browser.js(SHOWN) == 8 < offered
    assert browser.js(f"{chooser}.querySelector('summary').textContent") == f"Columns: 8 of {offered}"
    browser.js(f"[...{chooser}.querySelectorAll('input')].filter((box) => !box.checked)[0].click()")
    assert browser.js(SHOWN) == 9
    assert browser.js("document.querySelector('#results tr.group th').colSpan") == 9
    seen = "[...row.cells].filter((cell) => cell.checkVisibility()).length"
    assert set(browser.js(f"[...document.querySelectorAll('#results tbody tr:not(.group)')].map((row) => {seen})")) == {
        9
    }


def test_no_table_shows_more_than_eight_columns_without_script(browser, address: str):
    browser.open(address, script=False)
    source = browser("DOM.getOuterHTML", nodeId=browser("DOM.getDocument", depth=-1)["root"]["nodeId"])["outerHTML"]
    heads = re.findall(r"<thead>(.*?)</thead>", source, re.DOTALL)
    assert heads
    for head in heads:
        assert len([tag for tag in re.findall(r"<th [^>]*>", head) if " hidden" not in tag]) <= 8


def test_the_first_column_stays_when_a_table_scrolls(browser, address: str):
    browser.open(f"{address}#results", width=800)
    browser.js(
        "document.querySelectorAll('#results .columns input').forEach((box) => { if (!box.checked) box.click(); })"
    )
    browser.js("document.querySelector('#results .scroll').scrollLeft = 300")
    browser.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
    left = "document.querySelector('#results tbody th[scope=row]').getBoundingClientRect().left"
    assert browser.js(f"{left} - document.querySelector('#results .scroll').getBoundingClientRect().left") <= 1
    assert browser.js("document.querySelector('#results .scroll').classList.contains('scrolled')")


def test_rows_are_cards_on_a_phone(browser, address: str):
    browser.open(f"{address}#results", width=390)
    row = "document.querySelector('#results tbody tr.method')"
    assert browser.js(f"getComputedStyle({row}).display") == "grid"
    head = "document.querySelectorAll('#results thead th')"
    heads = browser.js(f"[...{head}].slice(1, 8).map((each) => each.textContent.replace(/\\s+/g, ' ').trim())")
    before = "getComputedStyle(cell, '::before').content"
    labels = browser.js(f"[...{row}.querySelectorAll('td')].slice(0, 7).map((cell) => {before})")
    assert [label.strip('"').replace("(", "").replace(")", "") for label in labels] == heads
    assert browser.js(f"{row}.getBoundingClientRect().right") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_every_target_is_large_enough(browser, address: str, width: int):
    browser.open(address, width=width)
    browser.js("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    small = browser.js(
        "[...document.querySelectorAll('a, button, input, summary')].filter((each) => each.checkVisibility()"
        " && !each.closest('svg, p:not(.files), li[id^=ref-], .skip') && each.className !== 'skip')"
        ".map((each) => [each.closest('label') ?? each, each.textContent.trim().slice(0, 40)])"
        ".map(([each, text]) => [each.getBoundingClientRect(), text])"
        ".filter(([box]) => Math.min(box.width, box.height) < 24)"
        ".map(([box, text]) => `${text} ${box.width}×${box.height}`)"
    )
    assert small == []


def test_a_point_says_what_it_is_when_focused(browser, address: str):
    browser.open(address)
    browser.js("document.querySelector('.drawing.wide .mark[data-variant=float16][tabindex]').focus()")
    tip = browser.js("document.querySelector('.tip').hidden ? '' : document.querySelector('.tip').textContent")
    assert tip.startswith("float16, ResNet-8: 97.50%")
    browser.press("Escape")
    assert browser.js("document.querySelector('.tip').hidden")


def test_a_drawing_is_one_tab_stop_with_arrows_between_its_marks(browser, address: str):
    browser.open(address)
    stops = "[...document.querySelectorAll('.drawing.wide')].map((d) => d.querySelectorAll('[tabindex=\"0\"]').length)"
    assert set(browser.js(stops)) <= {0, 1}
    assert 1 in browser.js(stops)
    browser.js("document.querySelector('.drawing.wide .mark[tabindex=\"0\"]').focus()")
    left = "document.activeElement.getBoundingClientRect().left"
    browser.press("Home")
    first = browser.js(left)
    browser.press("ArrowRight")
    assert browser.js(left) >= first
    browser.press("End")
    last = browser.js(left)
    assert last > first
    browser.press("ArrowLeft")
    assert browser.js(left) <= last
    assert set(browser.js(stops)) <= {0, 1}


def test_the_keyboard_reaches_the_skip_link_first_and_then_the_rest(browser, address: str):
    browser.open(address)
    browser.press("Tab")
    assert browser.js("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        browser.press("Tab")
        seen.add(browser.js("document.activeElement.tagName.toLowerCase()"))
    assert {"a", "button"} <= seen


def test_every_control_and_region_has_a_name(browser, address: str):
    browser.open(address)
    nodes = browser("Accessibility.getFullAXTree")["nodes"]
    needs = {"button", "link", "slider", "checkbox", "searchbox", "img", "region", "figure", "table", "navigation"}
    nameless = [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in needs
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []


def test_a_link_into_a_folded_table_opens_it(browser, address: str):
    browser.open(f"{address}#blocks")
    assert browser.js("document.querySelector('#blocks details').open")


def test_a_gallery_fills_the_window_and_escape_leaves(browser, address: str):
    browser.open(address)
    shown = "document.querySelector('dialog[open]')"
    browser.js("document.querySelector('details.gallery').open = true")
    browser.js("document.querySelector('[data-tools=gallery] > .enlarge').focus()")
    browser.press("Enter")
    assert browser.js(f"{shown}.getAttribute('aria-label')").startswith("Images ResNet-8 gets wrong")
    box = browser.js(f"(({{width, height}}) => [width, height])({shown}.getBoundingClientRect())")
    assert box == [1280, 900]
    assert browser.js(f"{shown}.querySelector('svg image') !== null")
    browser.press("Escape")
    assert browser.js(f"{shown} === null")
    assert browser.complaints == []
