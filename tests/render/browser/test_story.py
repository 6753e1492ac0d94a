"""The story in a real browser: cards, picker, pair and address, by pointer, keyboard, touch, and without a script."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.document import compose
from bench.render.story import page_data
from bench.render.story.packed import unpacked, unpacked_intervals
from bench.render.writers import html
from tests.render.browser.test_axe import violations

DATA = "JSON.parse(document.getElementById('story-data').textContent)"
SHOWN = ".of-network[data-network='0']"
WIDE = f":is({SHOWN}, .figure:not(.of-network)) .drawing.wide"
SLOT_B = ".slot-b"
PANEL = f"document.querySelector({SHOWN + ' .panel'!r})"


@pytest.fixture(scope="module")
def address(rendered: Path) -> str:
    return (rendered / "index.html").as_uri()


@pytest.fixture
def story(browser, address: str):
    browser.open(address, width=1400)
    return browser


def text(browser, selector: str) -> str:
    return browser.js(f"document.querySelector({selector!r}).innerText.replace(/\\s+/g, ' ').trim()")


def enter(browser, name: str, value: str) -> None:
    """Type a number into a box of the picker, or choose in a list of the pair's form."""
    browser.js(
        f"(() => {{ const field = document.querySelector('[name={name}]'); field.value = {value!r};"
        " for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true })); })()"
    )


def settle(browser) -> None:
    browser.js("new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(0)), 60))")


def back(browser) -> None:
    """One step back, until the page has taken it: a second step before that would undo none or both."""
    browser.js(
        "new Promise((done) => { addEventListener('popstate', () => requestAnimationFrame(() => done(0)),"
        " { once: true }); history.back(); })"
    )


def printed_card(browser, name: str) -> dict[str, str]:
    fields = ("title", "ratio", "size", "difference", "interval", "word", "level", "original", "ties")
    return {field: text(browser, f"{SHOWN} [data-card={name}] [data-fill={field}]") for field in fields}


def numbers(browser, selector: str) -> list[float]:
    """All numbers in parts of the panel."""
    texts = browser.js(f"[...{PANEL}.querySelectorAll({selector!r})].map((e) => e.textContent).join(' ')")
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", texts.replace("−", "-").replace(",", ""))]


def card_at(steps: list, limit: float) -> dict | None:
    return next((card for start, card in reversed(steps) if start <= limit), None)


def first(browser) -> dict:
    """The facts of the network that is shown first."""
    data = browser.js(DATA)
    return data["by_network"][data["networks"][0]]


def mark(label: str, where: str = WIDE) -> str:
    """The mark of a variant, as an expression."""
    return (
        f"[...document.querySelectorAll({where + ' .mark[tabindex]'!r})].find((m) => m.dataset.variant === {label!r})"
    )


def marked(browser) -> list[str]:
    """The variants that have a mark in the first drawing, each once."""
    drawing = f"document.querySelector({WIDE!r})"
    found = browser.js(
        f"[...{drawing}.querySelectorAll('.mark[tabindex][data-variant]')].map((m) => m.dataset.variant)"
    )
    return list(dict.fromkeys(found))


def words(browser) -> int:
    """All that is read before anything is unfolded."""
    return len(browser.js("['.masthead', 'main'].map((s) => document.querySelector(s).innerText).join(' ')").split())


def sides(browser) -> list[str]:
    return [browser.js(f"document.querySelector('[name={letter}]').value") for letter in "ab"]


def test_it_asks_for_nothing_and_complains_of_nothing(story, address: str):
    assert [url for url in story.requests if not url.startswith("data:")] == [address]
    assert story.complaints == []


@pytest.mark.sampled
@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_the_checker_finds_nothing_of_any_severity(browser, address: str, width: int, dark: bool):
    browser.open(address, width=width, dark=dark)
    browser.js("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    found = violations(browser)
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_the_page_never_scrolls_sideways(browser, address: str, width: int):
    browser.open(address, width=width)
    browser.js("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert browser.js("document.documentElement.scrollWidth") <= width


def test_it_is_short(story):
    assert story.js("document.documentElement.scrollHeight") <= 8 * 900
    assert words(story) <= 1500


def test_a_method_has_its_numbers_on_one_card(browser, address: str):
    browser.open(address, width=1400)
    own = first(browser)
    held = page_data.card(own, card_at(own["cards"]["budget"], own["budget"]["bytes"]))
    margin = page_data.card(own, own["cards"]["margin"])
    floors = [(level, card["method"]) for level, card in own["cards"]["floor"] if card]
    again = next(level for level, method in floors if method == margin["method"])
    other = next((level for level, method in floors if method not in (margin["method"], held and held["method"])), None)
    card = f"{SHOWN} [data-card=floor]"
    browser.open(f"{address}#floor={again}", width=1400)
    after = "first" if held and held["method"] == margin["method"] else "second"
    assert text(browser, f"{card} .card-again") == f"{margin['title']} again: its numbers are on the {after} card."
    assert not browser.js(f"document.querySelector({card + ' .card-body'!r}).checkVisibility()")
    if other is not None:
        browser.open(f"{address}#floor={other}", width=1400)
        assert browser.js(f"document.querySelector({card + ' .card-body'!r}).checkVisibility()")
        assert not browser.js(f"document.querySelector({card + ' .card-again'!r}).checkVisibility()")


def test_the_line_with_a_name_becomes_a_thread_when_another_is_chosen(story):
    figure = f"{SHOWN}[data-tools=threads] .drawing.wide"
    name = f"document.querySelector({figure + ' text.mark'!r})"

    def stroke(label: str) -> str:
        return story.js(f"getComputedStyle({mark(label, figure)}.querySelector('path:not(.target)')).stroke")

    label = story.js(f"{name}.dataset.variant")
    chosen = stroke(label)
    assert story.js(f"{name}.checkVisibility()") and story.js(f"getComputedStyle({name}).fill") == chosen
    threads = story.js(f"[...document.querySelectorAll({figure + ' .mark[tabindex]'!r})].map((m) => m.dataset.variant)")
    others = [each for each in threads if each != label and each in first(story)["pairs"]["labels"]]
    enter(story, "a", others[0])
    enter(story, "b", others[1])
    assert not story.js(f"{name}.checkVisibility()")
    assert stroke(label) == stroke(others[2]) != chosen
    enter(story, "b", label)
    assert story.js(f"{name}.checkVisibility()") and story.js(f"getComputedStyle({name}).fill") == stroke(label)


def test_another_budget_gives_the_card_of_the_data(story):
    facts = first(story)
    for limit in [start for start, _ in facts["cards"]["budget"]] + [facts["budget"]["most"]]:
        if limit < 1:
            continue
        enter(story, "kilobytes", str(limit / 1000))
        card = page_data.card(facts, card_at(facts["cards"]["budget"], limit))
        none = story.js(f"document.querySelector({SHOWN + ' [data-card=budget] .card-none'!r}).checkVisibility()")
        assert none == (card is None)
        if card:
            shown = printed_card(story, "budget")
            assert shown == {field: " ".join(card[field].split()) for field in shown}


def test_the_budget_is_asked_for_in_times_too_and_by_presets_and_by_a_slider(story):
    facts = first(story)
    enter(story, "times", "10")
    assert float(story.js("document.querySelector('[name=kilobytes]').value")) * 1000 == pytest.approx(
        min(facts["original_bytes"] / 10, facts["budget"]["most"]), rel=2e-3
    )
    label, limit = facts["budget"]["presets"][-1]
    story.js(f"[...document.querySelectorAll('.presets button')].find((b) => b.textContent === {label!r}).click()")
    assert float(story.js("document.querySelector('[name=kilobytes]').value")) * 1000 == pytest.approx(limit, rel=2e-3)
    for place, end in (("0", "least"), ("1000", "most")):
        enter(story, "slide", place)
        assert f"budget={round(facts['budget'][end])}" in story.js("location.hash")


def test_no_budget_is_one_that_the_original_meets(story):
    facts = first(story)
    enter(story, "kilobytes", str(facts["original_bytes"]))
    assert facts["budget"]["most"] < facts["original_bytes"]
    assert f"budget={round(facts['budget']['most'])}" in story.js("location.hash")


def test_nonsense_in_a_box_changes_nothing(story):
    before = text(story, f"{SHOWN} [data-card=budget]")
    for nonsense in ("", "-3", "0", "e"):
        enter(story, "kilobytes", nonsense)
        enter(story, "times", nonsense)
    assert text(story, f"{SHOWN} [data-card=budget]") == before


def test_without_a_script_the_page_says_the_same(browser, address: str):
    """What Jinja writes and what the script writes are two renderings of one pair and one set of cards."""

    def everything() -> list[str]:
        return browser.js(
            f"[...document.querySelectorAll({SHOWN + ' .panel, ' + SHOWN + ' .answer-card'!r})]"
            ".map((e) => e.innerText.replace(/\\s+/g, ' ').trim())"
        )

    browser.open(address, width=1400, script=False)
    assert not browser.js("document.querySelector('#picker form, #pair form, main button')")
    before = everything()
    assert len(before) == 4
    browser.open(address, width=1400)
    facts = first(browser)
    other = next(label for label in facts["pairs"]["labels"] if label not in (facts["a"], facts["b"]))
    enter(browser, "a", other)
    enter(browser, "kilobytes", str(facts["budget"]["least"] / 1000))
    assert everything() != before
    back(browser), back(browser)
    assert everything() == before


def test_the_networks_switch_without_a_script(browser, address: str):
    browser.open(address, width=1400, script=False)
    shown = (
        "[...new Set([...document.querySelectorAll('.of-network')]"
        ".filter((e) => e.checkVisibility()).map((e) => e.dataset.network))]"
    )
    assert browser.js(shown) == ["0"]
    browser.js("document.getElementById('network-1').checked = true")
    assert browser.js(shown) == ["1"]


def test_any_pair_shows_its_numbers_turned_by_its_order(story):
    facts, digits = first(story), story.js(DATA)["digits"]
    labels, count = facts["pairs"]["labels"], len(story.js(DATA)["seeds"])
    every = unpacked(facts["pairs"]["seeds"], digits)
    seeds = [every[start : start + count] for start in range(0, len(every), count)]
    for a, b in ((labels[0], labels[-1]), (labels[-1], labels[0]), (labels[1], labels[2])):
        enter(story, "a", a)
        enter(story, "b", b)
        i, j = sorted((labels.index(a), labels.index(b)))
        index = sum(len(labels) - 1 - row for row in range(i)) + j - i - 1
        turned = labels.index(a) > labels.index(b)
        value, low, high = unpacked_intervals(facts["pairs"]["difference"], digits)[index]
        assert numbers(story, "[data-fill=difference]") == pytest.approx(
            [-value, -high, -low] if turned else [value, low, high], abs=0.5 * 10**-digits
        )
        assert numbers(story, "[data-strip=seeds] td.figures") == pytest.approx(
            [-seed if turned else seed for seed in seeds[index]], abs=0.5 * 10**-digits
        )
        for strip, printed in (("blocks", 2), ("classes", 1)):
            rows = unpacked_intervals(facts["pairs"][strip], printed)
            count = len(facts[strip])
            expected = [
                number
                for row in rows[count * index : count * (index + 1)]
                for number in ((-row[0], -row[2], -row[1]) if turned else row)
            ]
            assert numbers(story, f"[data-strip={strip}] td.figures") == pytest.approx(expected, abs=0.5 * 10**-printed)
        onlies = unpacked(facts["pairs"]["answers"], 1)[2 * index :][:2]
        assert numbers(story, "[data-fill=answers]") == [
            *(onlies[::-1] if turned else onlies),
            facts["pairs"]["images"],
        ]


def test_a_free_pair_has_no_word(story):
    assert "not corrected" in story.js(f"{PANEL}.innerText")
    assert not story.js(f"{PANEL}.querySelector('.verdict')")


def test_a_pair_is_chosen_by_a_click_and_everything_else_steps_back(story):
    facts = first(story)
    a, b = sides(story)
    assert [a, b] == [facts["a"], facts["b"]]
    other = next(label for label in marked(story) if label not in (a, b) and label in facts["pairs"]["labels"])
    story.js(f"{mark(other)}.scrollIntoView({{block: 'center'}})")
    x, y = story.js(
        f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({mark(other)}.getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        story("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert sides(story) == [other, b]
    opacity = "Number(getComputedStyle({}).opacity)"
    assert story.js(opacity.format(mark(other))) == story.js(opacity.format(mark(b))) == 1
    third = next(label for label in marked(story) if label not in (a, b, other))
    assert story.js(opacity.format(mark(third))) < 0.5
    story.js("document.querySelector('[name=clear]').click()")
    assert sides(story) == [a, b]
    assert story.js(opacity.format(mark(third))) == 1


TAPPED = """(({x, y, width, height}) => [x + width / 2, y + height / 2])((%s).getBoundingClientRect())"""


def tap(browser, element: str, right: float = 0.0) -> None:
    """Touch the middle of an element, or so many pixels to its right."""
    browser.js(f"({element}).scrollIntoView({{block: 'center'}})")
    settle(browser)
    x, y = browser.js(TAPPED % element)
    browser("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x + right, "y": y}])
    browser("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    settle(browser)


def test_a_pair_is_chosen_by_touch(browser, address: str):
    """On a phone: a tap within 12 pixels of a mark, the letter of the other side, and another mark."""
    browser.open(address, width=390, height=844)
    browser("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        narrow = f"{SHOWN} .drawing.narrow"
        a, b = sides(browser)
        alone = browser.js(f"""(() => {{
          const middle = ({{ x, y, width, height }}) => [x + width / 2, y + height / 2];
          const marks = [...document.querySelector({narrow!r}).querySelectorAll(".mark[tabindex]")]
            .map((m) => [m.dataset.variant, ...middle((m.querySelector(".target") ?? m).getBoundingClientRect())]);
          return marks.filter(([name, x, y]) => marks.every(([other, left, top]) =>
            other === name || Math.hypot(left - x, top - y) > 25)).map(([name]) => name);
        }})()""")
        one, two = [label for label in alone if label not in (a, b)][:2]
        size = browser.js(f"(({{width, height}}) => [width, height])({mark(one, narrow)}.getBoundingClientRect())")
        assert min(size) >= 23.5
        tap(browser, f"{mark(one, narrow)}.querySelector('.target')", right=11)
        assert sides(browser) == [one, b]
        tap(browser, f"document.querySelector({SLOT_B!r})")
        tap(browser, f"{mark(two, narrow)}.querySelector('.target')")
        assert sides(browser) == [one, two]
        assert "a=" in browser.js("location.hash") and "b=" in browser.js("location.hash")
        tap(browser, "document.querySelector('[name=clear]')")
        assert sides(browser) == [a, b]
    finally:
        browser("Emulation.setTouchEmulationEnabled", enabled=False)


def test_a_pair_is_chosen_by_keys(story):
    """Tab to the drawing, arrows to a mark, Enter for the side that is on, `b` for B."""
    facts = first(story)
    story.js(f"document.querySelector({f'{WIDE} [tabindex]'!r}).focus()")
    seen = []
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        story.press(key)
        seen.append(story.js("document.activeElement.dataset.variant"))
    assert len(set(seen)) > 1
    assert story.js("document.activeElement.getAttribute('role')") == "button"
    label = seen[-1] if seen[-1] not in (facts["a"], facts["b"]) else seen[1]
    story.js(f"{mark(label)}.focus()")
    story.press("Enter")
    assert sides(story)[0] == label
    story.press("b")
    assert sides(story) == [facts["b"], label]
    assert story.js("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_the_address_holds_what_was_chosen_back_undoes_it_and_a_link_restores_it(browser, address: str):
    browser.open(address, width=1400)
    data = browser.js(DATA)
    browser.js("document.getElementById('network-1').click()")
    facts = data["by_network"][data["networks"][1]]
    labels = facts["pairs"]["labels"]
    a = next(label for label in labels if label not in (facts["a"], facts["b"]))
    enter(browser, "a", a)
    enter(browser, "kilobytes", str(facts["budget"]["least"] / 1000))
    enter(browser, "level", "1")
    link = browser.js("location.href")
    assert sides(browser)[0] == a
    back(browser), back(browser)
    assert sides(browser)[0] == a
    back(browser)
    assert sides(browser) == [facts["a"], facts["b"]]
    back(browser)
    assert browser.js("document.getElementById('network-0').checked")
    browser.open(link, width=1400)
    assert browser.js("document.getElementById('network-1').checked")
    assert sides(browser)[0] == a
    kilobytes = float(browser.js("document.querySelector('[name=kilobytes]').value"))
    assert kilobytes * 1000 == pytest.approx(facts["budget"]["least"], rel=1e-3)
    assert float(browser.js("document.querySelector('[name=level]').value")) == 1
    browser.js("document.querySelector('.bar a[href=\"#compare\"]').click()")
    assert sides(browser)[0] == a, "a link within the page keeps the choice"


@pytest.mark.parametrize(
    "hash", ["#network=nothing&a=%3Cscript%3E&b=&floor=x", "#&&&", "#a=%", "#limits", "#%E0%A4%A", "#a=original"]
)
def test_a_wrong_address_is_the_page_as_it_was(browser, address: str, hash: str):
    browser.open(address + hash, width=1400)
    facts = first(browser)
    assert sides(browser) == [facts["a"], facts["b"]]
    assert browser.complaints == []


def test_a_drawing_is_one_tab_stop(story):
    stops = story.js(
        "[...document.querySelectorAll('.drawing')].filter((d) => d.checkVisibility())"
        ".map((d) => d.querySelectorAll('[tabindex=\"0\"]').length)"
    )
    assert set(stops) <= {0, 1}
    assert 1 in stops


@pytest.mark.parametrize("width", [390, 1400])
def test_what_can_be_pressed_is_large_enough(browser, address: str, width: int):
    """24 pixels either way, links within a sentence excepted."""
    browser.open(address, width=width)
    small = browser.js("""
      [...document.querySelectorAll('a, button, input, select, summary, .drawing .mark[tabindex]')]
        .filter((e) => e.checkVisibility() && !e.closest('p, caption') && !e.matches('.skip, .permalink'))
        .map((e) => [(e.matches('[type=radio]') && e.closest('label') || e).getBoundingClientRect(), e])
        .filter(([box]) => box.width < 23.5 || box.height < 23.5)
        .map(([box, e]) => `${e.tagName} ${e.textContent.slice(0, 30)} ${box.width} x ${box.height}`)
    """)
    assert small == []


@pytest.mark.parametrize("width", [390, 1400])
def test_text_in_drawings_has_at_least_11_pixels(browser, address: str, width: int):
    browser.open(address, width=width)
    small = browser.js("""
      [...document.querySelectorAll('.drawing svg')].filter((svg) => svg.checkVisibility()).flatMap((svg) => {
        const zoom = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return [...svg.querySelectorAll('text')]
          .map((text) => [parseFloat(getComputedStyle(text).fontSize) * zoom, text.textContent])
          .filter(([size]) => size < 10.95);
      })
    """)
    assert small == []


def test_on_a_phone_a_bar_leads_to_the_parts(browser, address: str):
    browser.open(address, width=390)
    links = browser.js(
        "[...document.querySelectorAll('.bar a')]"
        ".map((a) => [a.textContent, !!document.querySelector(a.getAttribute('href'))])"
    )
    assert links == [[name, True] for name in ("Answer", "Compare", "Inside", "Data")]
    assert browser.js("getComputedStyle(document.querySelector('.bar')).position") == "fixed"
    browser.open(address, width=1400)
    assert not browser.js("document.querySelector('.bar').checkVisibility()")


def written(runs, folder: Path) -> str:
    """The address of the story of some runs, without its appendix."""
    document = compose([Study(load(runs.write(folder / "runs")))])
    (folder / "report").mkdir()
    html.write(document, folder / "report", pdf=False)
    return (folder / "report" / "index.html").as_uri()


HOSTILE = "</script><script>alert(1)</script><b>\u2028 50% & \"q\" 'q' $x$"


@pytest.mark.slow
def test_hostile_names_are_text(browser, runs, variants, tmp_path: Path):
    chosen = [variants[label] for label in ("original", "finetune", "other-seed", "random-weights")]
    for number, label in enumerate(("float16", "nncf-int8-ptq", "magnitude:sparsity=0.9")):
        nasty = f"{HOSTILE} {number}".replace("/", "|")
        chosen.append(replace(variants[label], label=label + nasty, title=f"{HOSTILE} {'x' * 200 * number}"))
    names = (f"net {HOSTILE}".replace("/", "|"), "y" * 200)
    made = runs(models=names, seeds=(0, 1), variants=tuple(chosen), classes=(HOSTILE,) * 10, report={"title": HOSTILE})
    address = written(made, tmp_path)
    browser.open(address, width=1400)
    assert browser.complaints == []
    assert browser.js("document.querySelectorAll('main b:not(.letter)').length") == 0
    assert browser.js("document.querySelectorAll('script').length") == 2
    assert HOSTILE in browser.js("document.querySelector('.pair-form select').textContent")
    labels = first(browser)["pairs"]["labels"]
    enter_label = "(() => { const list = document.querySelector('[name=a]'); list.selectedIndex = %d;"
    browser.js(enter_label % (len(labels) - 1) + " list.dispatchEvent(new Event('change', { bubbles: true })); })()")
    assert browser.js(f"{PANEL}.querySelector('.title').textContent").startswith(HOSTILE)
    link = browser.js("location.href")
    browser.open(link, width=390)
    assert sides(browser)[0] == labels[-1]
    assert browser.js("document.documentElement.scrollWidth") <= 390
    assert browser.complaints == []


@pytest.mark.slow
def test_a_network_whose_cells_all_failed_says_so(browser, runs, variants, tmp_path: Path):
    chosen = tuple(variants[label] for label in ("original", "finetune", "other-seed", "random-weights", "float16"))
    made = runs(models=("resnet8", "broken"), seeds=(0, 1), variants=chosen)
    failed = [cell.name for cell in made.cells() if cell.model == "broken"]
    states = {name: "failed" if name.startswith("train") else "missing" for name in failed}
    address = written(replace(made, states=states), tmp_path)
    for script in (False, True):
        browser.open(address, width=1400, script=script)
        browser.js("document.getElementById('network-1').click()")
        assert "broken has no result yet." in text(browser, "#answer")
        assert not browser.js("document.querySelector('.of-network[data-network=\"1\"] .answer-card')")
        assert browser.complaints == []
    assert not browser.js("document.querySelector('.picker, .pair-form').checkVisibility()")
    browser.js("document.getElementById('network-0').click()")
    assert browser.js("document.querySelector('.picker').checkVisibility()")


@pytest.mark.slow
def test_one_network_has_no_switch(browser, runs, variants, tmp_path: Path):
    chosen = tuple(variants[label] for label in ("original", "float16"))
    browser.open(written(runs(models=("resnet8",), seeds=(0,), variants=chosen), tmp_path), width=1400)
    assert not browser.js("document.querySelector('.networks')")
    assert browser.complaints == []
    assert len(sides(browser)) == 2


def test_cite_copies_the_entry(story, address: str):
    story("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    story.js("document.querySelector('[data-copies]').click()")
    settle(story)
    assert text(story, "[data-copies]") == "Copied"
    assert story.js("document.getElementById('entry').textContent").strip().startswith("@misc{")
