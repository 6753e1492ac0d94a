from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench.render.kit.figure import Mark
from bench.render.kit.style import INK
from bench.render.writers.svg import StyleSheet, inline, twin

SOURCE = f"""<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt"
 viewBox="0 0 9 9" version="1.1"><metadata>who</metadata><defs><style>*{{}}</style><path id="m1" d="M0 0"/></defs>
<g id="axes_1"><g id="mark-0"><use xlink:href="#m1" style="stroke: {INK}; fill: #123456"/></g>
<text style="font-weight: bold; font-size: 8px; font-family: 'DejaVu Sans'; text-anchor: middle">a</text>
<path clip-path="url(#c)" style="fill: none"/></g><clipPath id="c"><rect/></clipPath><g id="empty"/></svg>"""


def test_nothing_is_left_that_a_strict_policy_forbids():
    sheet = StyleSheet()
    found = inline(SOURCE, {}, "f", sheet)
    assert " style=" not in found
    assert "<style" not in found
    assert "metadata" not in found
    assert "xlink" not in found
    assert "xmlns" not in found
    ET.fromstring(found)


def test_styles_become_classes_that_follow_the_theme():
    sheet = StyleSheet()
    found = inline(SOURCE, {}, "f", sheet)
    rules = dict(re.findall(r"\.(s\d+)\{([^}]*)\}", sheet.css))
    assert "stroke:var(--ink);fill:#123456" in rules.values()
    assert "font-weight:bold;font-size:8px;text-anchor:middle" in rules.values()
    assert set(re.findall(r'class="(s\d+)"', found)) == set(rules)


def test_the_same_style_is_one_class():
    sheet = StyleSheet()
    assert sheet.name("fill:none") == sheet.name("fill:none") != sheet.name("fill:red")


def test_kept_ids_are_the_figures_own():
    found = inline(SOURCE, {}, "fig-wide", StyleSheet())
    ids = re.findall(r' id="([^"]+)"', found)
    assert len(ids) == len(set(ids)) == 2
    assert all(name.startswith("fig-wide-") for name in ids)
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', found)) == {(ids[0], ""), ("", ids[1])}


def test_neighbours_are_clipped_together():
    marks = {"mark-0": Mark("", {"variant": "a"}), "mark-1": Mark("A point", {"variant": "b"})}
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><clipPath id="c"><rect/></clipPath></defs>'
        '<path clip-path="url(#c)" d="M0 0"/><g id="mark-0"><path clip-path="url(#c)" d="M1 1"/></g>'
        '<path clip-path="url(#c)" d="M2 2"/><g id="mark-1"><path clip-path="url(#c)" d="M3 3"/></g></svg>'
    )
    found = inline(source, marks, "f", StyleSheet())
    assert found.count("clip-path=") == 2
    clipped, pressed = re.findall(r'<g clip-path="[^"]*">(.*)</g><g (class="mark".*)</g></svg>', found)[0]
    assert re.findall(r'd="([^"]*)"', clipped) == ["M0 0", "M1 1", "M2 2"]
    assert 'd="M3 3"' in pressed


def test_a_mark_that_is_a_word_keeps_it():
    marks = {"mark-0": Mark("", {"variant": "a"})}
    source = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="mark-0"><text x="1">PQF</text></g></svg>'
    found = inline(source, marks, "f", StyleSheet())
    assert re.findall(r"<text [^>]*>PQF</text>", found)
    assert 'data-variant="a"' in found


def test_coordinates_are_as_fine_as_eyes_are_and_nothing_idle_is_left():
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g><g><path d="M 1.23456 2  L 3 4.5  "/></g></g>'
        '<g><text x="7.98765" transform="rotate(-0 1 2)">1.23456</text></g>'
        '<image transform="matrix(0.01234 0 0 1 2 3)"/></svg>'
    )
    found = inline(source, {}, "f", StyleSheet())
    assert '<path d="M1.2 2L3 4.5"/>' in found
    assert '<text x="8">1.23456</text>' in found
    assert "matrix(0.01234 0 0 1 2 3)" in found
    assert "<g" not in found


def test_drawings_of_one_page_have_prefixes_of_their_own():
    sheet = StyleSheet()
    assert sheet.prefix() != sheet.prefix()


def test_marks_can_be_reached_by_keyboard_and_script():
    marks = {"mark-0": Mark('<b> & "q"', {"size": "1.5"})}
    root = ET.fromstring(inline(SOURCE, marks, "f", StyleSheet()))
    mark = next(element for element in root.iter() if "mark" in element.get("class", "").split())
    assert (mark.get("role"), mark.get("data-size")) == ("img", "1.5")
    assert mark.get("aria-label") == '<b> & "q"'


def test_the_variants_that_are_compared_are_highlighted_before_any_script():
    marks = {"mark-0": Mark("A point", {"variant": "a"}), "mark-1": Mark("", {"variant": "c"}), "mark-2": Mark("", {})}
    groups = "".join(f'<g id="{name}"><path/></g>' for name in marks)
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{groups}</svg>'
    found = inline(source, marks, "f", StyleSheet(), {"a": "is-a", "b": "is-b"})
    assert re.findall(r' class="([^"]*)"', found) == ["mark is-a", "mark", "mark"]
    assert re.findall(r' class="([^"]*)"', inline(source, marks, "f", StyleSheet())) == ["mark"] * 3


def drawing(parts: str, marks: dict[str, Mark], sheet: StyleSheet | None = None) -> str:
    clip = '<defs><clipPath id="c"><rect x="10" y="10" width="80" height="80"/></clipPath></defs>'
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return inline(f'<svg {names} viewBox="0 0 100 100">{clip}{parts}</svg>', marks, "f", sheet or StyleSheet())


def test_only_what_reaches_over_its_panel_is_clipped():
    shape = '<defs><path id="m" d="M -3 0 L 3 0 L 0 3 z"/></defs>'
    within = (
        '<path clip-path="url(#c)" d="M 10 20 L 90 20"/><g clip-path="url(#c)"><use xlink:href="#m" x="20" y="20"/></g>'
    )
    assert "clip" not in drawing(shape + within, {})
    for beyond in (
        '<path clip-path="url(#c)" d="M 10 20 L 91 20"/>',
        '<path clip-path="url(#c)" d="M 10 20 C 20 200 30 20 40 20"/>',
        '<path clip-path="url(#c)" d="M 20 20 L 30 30" transform="translate(80 0)"/>',
        '<g clip-path="url(#c)"><use xlink:href="#m" x="12" y="20"/></g>',
        '<g clip-path="url(#c)"><text x="20" y="20">a</text></g>',
    ):
        found = drawing(shape + within + beyond, {})
        assert found.count("clip-path=") == found.count("<clipPath ") == 1


def test_neighbours_of_one_mark_are_one():
    marks = {"mark-0": Mark("A point", {"variant": "a"}), "mark-0.1": Mark("", {"variant": "a"})}
    marks |= {"mark-1": Mark("Another", {"variant": "a"}), "mark-1.1": Mark("", {"variant": "a"})}
    groups = [f'<g id="{name}"><path d="M 1 {index}"/></g>' for index, name in enumerate(marks)]
    found = drawing("".join(groups), marks)
    assert re.findall(r'<g [^>]*aria-label="([^"]*)"[^>]*><path d="M1 (.)"/><path d="M1 (.)"/></g>', found) == [
        ("A point", "0", "1"),
        ("Another", "2", "3"),
    ]
    apart = drawing(groups[0] + "<text>between</text>" + groups[1], marks)
    assert apart.count('data-variant="a"') == 2


def test_opaque_lines_of_one_style_are_one_path():
    lines = '<path d="M 1 1 L 9 1" style="{0}"/><path d="M 1 2 L 9 2" style="{0}"/>'
    assert 'd="M1 1H9M1 2H9"' in drawing(lines.format("fill: none; stroke: #000000"), {})
    for style in ("fill: none; stroke: #000000; stroke-opacity: 0.5", "fill: #000000"):
        assert drawing(lines.format(style), {}).count("<path") == 2


def test_markers_of_a_mark_share_its_class():
    dots = "".join(f'<use xlink:href="#m" x="{x}" y="20" style="fill: #123456"/>' for x in (20, 30))
    shape = '<defs><path id="m" d="M -3 0 L 3 0 L 0 3 z"/></defs>'
    found = drawing(f'{shape}<g id="mark-0">{dots}</g>', {"mark-0": Mark("A point", {"variant": "a"})})
    assert re.search(
        r'<g class="mark s0"[^>]*><use x="20" y="20" href="#f-0"/><use x="30" y="20" href="#f-0"/></g>', found
    )


def test_a_narrow_drawing_leaves_to_its_twin_what_both_say():
    marks = {f"mark-{index}": Mark(f"Point {index}", {"variant": f"{index % 2}"}) for index in range(4)}
    groups = [f'<g id="{name}"><path d="M 1 1"/></g>' for name in marks]
    wide = drawing("".join(groups), marks)
    narrow = twin(drawing("".join(groups[1:] + groups[:1]), marks), wide)
    assert "aria-label" in narrow, "the marks of one variant stand in another order"
    narrow = twin(drawing("".join([groups[1], groups[0], *groups[2:]]), marks), wide)
    assert "aria-label" not in narrow
    assert re.findall(r'class="mark point" data-variant="(.)"', narrow) == ["1", "0", "0", "1"]
