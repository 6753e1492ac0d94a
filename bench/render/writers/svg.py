"""Make a drawing's SVG part of a page: classes instead of inline styles, ids of its own, the theme's colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from bench.render.kit.figure import Mark
from bench.render.kit.style import VARIABLES

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_COLOR = re.compile(r"#[0-9a-f]{6}")
_POINTER = re.compile(r"url\(#([^)]+)\)")
_DROPPED = ("metadata", "title", "desc")


class StyleSheet:
    """Gathers the distinct styles of all drawings as short classes.

    The policy of the page allows no style attribute, and most styles occur many times.
    """

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def name(self, style: str) -> str:
        """The class that stands for a style."""
        return self._classes.setdefault(style, f"s{len(self._classes)}")

    @property
    def css(self) -> str:
        """One rule per class."""
        return "".join(f".{name}{{{style}}}" for style, name in self._classes.items())


def inline(source: str, marks: Mapping[str, Mark], prefix: str, sheet: StyleSheet) -> str:
    """The drawing as an element of a page.

    Args:
        prefix: goes before every id that is kept, so that no two drawings share one.
        sheet: collects the styles.
    """
    # Ids survive only if something in the drawing refers to them (clip paths, markers) or if they tag a mark, whose
    # text and data they give way to. What then says nothing goes: metadata, empty groups, namespaces that HTML implies.
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", source))
    used = set(_POINTER.findall(source)) | set(re.findall(r'xlink:href="#([^"]+)"', source))
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in _DROPPED or (_local(child.tag) == "style"):
                parent.remove(child)
    for element in root.iter():
        _rewrite(element, marks, prefix, used, sheet)
    _collapse(root)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib.pop("version", None)
    root.set("aria-hidden" if not marks else "role", "true" if not marks else "group")
    ET.register_namespace("", SVG)
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", re.sub(r">\s+<", "><", text))


def _rewrite(element: ET.Element, marks: Mapping[str, Mark], prefix: str, used: set[str], sheet: StyleSheet) -> None:
    name = element.attrib.pop("id", None)
    if name is not None and name in marks:
        _annotate(element, marks[name])
    elif name in used:
        element.set("id", f"{prefix}-{name}")
    pointer = element.attrib.pop(f"{{{XLINK}}}href", None)
    if pointer:
        element.set("href", f"#{prefix}-{pointer[1:]}" if pointer.startswith("#") else pointer)
    for attribute, value in list(element.attrib.items()):
        if _POINTER.search(value):
            element.set(attribute, _POINTER.sub(rf"url(#{prefix}-\1)", value))
    style = _themed(element.attrib.pop("style", ""), prefix)
    if style:
        element.set("class", f"{element.get('class', '')} {sheet.name(style)}".strip())


def _annotate(element: ET.Element, mark: Mark) -> None:
    element.set("class", "mark")
    if mark.label:
        element.set("tabindex", "0")
        element.set("role", "img")
        element.set("aria-label", mark.label)
    for key, value in mark.data.items():
        element.set(f"data-{key}", value)


def _themed(style: str, prefix: str) -> str:
    """A style with the theme's variables as colours, and in the page's font."""
    # matplotlib writes every colour as #rrggbb. One that stands for something (see `style.VARIABLES`) becomes its
    # variable, so that the drawing follows the page from light to dark without a second copy; the colours of maps and
    # pictures are data, and stay.
    rules = []
    for rule in filter(None, (part.strip() for part in style.split(";"))):
        key, _, value = (part.strip() for part in rule.partition(":"))
        if key != "font-family":
            value = _COLOR.sub(
                lambda color: f"var({VARIABLES[color[0]]})" if color[0] in VARIABLES else color[0], value
            )
            rules.append(f"{key}:" + _POINTER.sub(rf"url(#{prefix}-\1)", value))
    return ";".join(rules)


def _collapse(root: ET.Element) -> None:
    """Remove groups without children and attributes."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) == "g" and not child.attrib and len(child) == 0:
                parent.remove(child)


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
