from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench.render.kit.figure import Mark
from bench.render.kit.style import INK
from bench.render.writers.svg import StyleSheet, inline

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
    assert set(re.findall(r' id="([^"]+)"', found)) == {"fig-wide-m1", "fig-wide-c"}
    assert 'href="#fig-wide-m1"' in found
    assert 'clip-path="url(#fig-wide-c)"' in found


def test_marks_can_be_reached_by_keyboard_and_script():
    marks = {"mark-0": Mark('<b> & "q"', {"size": "1.5"})}
    root = ET.fromstring(inline(SOURCE, marks, "f", StyleSheet()))
    mark = next(element for element in root.iter() if element.get("class") == "mark")
    assert (mark.get("tabindex"), mark.get("role"), mark.get("data-size")) == ("0", "img", "1.5")
    assert mark.get("aria-label") == '<b> & "q"'
